"""SDS: the directory as the Spine Directory Service tells it, in its two faces. All of it is pure.

- AS record: an accredited system at an organisation; MHS record: one endpoint of it, with what it receives there

identities  the ids that records have without the registry giving them any
records     the records by what they are looked up by
question    what the FHIR face is asked: a query's parameters, and everything that may be wrong with them
resources   a record as a FHIR resource: Device for an AS record, Endpoint for an MHS record
answer      what is answered: a Bundle of them, or a refusal
refusal     why a call is refused, and how that looks on the wire
entries     the LDAP face: every record as an entry; ldif how they are written, sds.schema what OpenLDAP has to know
schema      that schema in the form of cn=config
"""
