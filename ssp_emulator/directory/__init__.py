"""The directory: who there is on the Spine, and who may talk to whom.

- organisation: a practice or hospital, known by its ODS code
- system: one accredited system deployed at an organisation (an AS record), known by its ASID
- party key: the message handling server (MHS record) that a system speaks through
- endpoint: a FHIR service root URL at which a system receives interactions, with its CPA id
- agreement: a data sharing agreement, by which one system may send some interactions to another

`model` holds these, `registry_file` how `registry.yaml` writes them, `loading` turns one into the other.

Source: GP Connect 1.6.2, "Spine Directory Service"; Spine Core, "Spine Directory Service (SDS)".
"""
