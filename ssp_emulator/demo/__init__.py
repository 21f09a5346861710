"""Something to try the emulator with: made-up parties that speak GP Connect through the proxy.

- **provider**: a GP system that answers GP Connect Access Document requests; `provider` is its package
- **practice**: one organisation that the provider answers for, at a base path of its own
- **document**: something filed in a patient's record; its metadata is a FHIR DocumentReference, its bytes are a
  stored file, which is sent as a FHIR Binary
- **read** and **migrate**: the two interactions that fetch a Binary; only the second has no size limit and
  shows confidential documents

Everything here is invented. NHS numbers start with 999, which is never issued to anybody.
"""
