"""The admin API: what people and their programs ask of a running emulator, and change in it, over HTTP.

What every call passes:

server    the API while it listens
app       the routes, behind what comes before each of them
problem   what went wrong, as RFC 9457 has it
guard     who may speak
token     the secret that a caller shows where it is not enough to be on this machine
route     one method on one path, and what answers there; a group of them is a file, and `emulator` says which there are
question  what a call's body says, read as strictly as it is meant

What is asked:

health        whether the emulator lives, and whether it serves
metrics       figures of it, for Prometheus
exchanges     what has happened, page by page, and as it does
traces        all exchanges of one trace ID
trail         what all answers about the trail's records share
verification  whether the trail is whole and unaltered
advice        what worked but is not as the specification wants it
faults        the fault rules in force
scenarios     sets of them, to be put in force together
registry      who there is, and who may talk to whom
openapi       all of this described, made of the routes
shapes        the shapes of bodies that have no model elsewhere; `trail_shapes`: of answers about the trail

These are adapters: they call what the other rooms offer, and no rule lives here.
"""
