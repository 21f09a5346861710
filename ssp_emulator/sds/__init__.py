"""The Spine Directory Service's FHIR face on the wire; what it answers is `directory.sds`'s to say.

face    a call answered, and written down
server  the face while it listens
"""
