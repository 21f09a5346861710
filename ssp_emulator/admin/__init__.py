"""The admin API: what people and their programs ask of a running emulator, and change in it, over HTTP.

server    the API while it listens
route     one method on one path, and what answers there; a group of them is a file, and `emulator` says which there are
guard     who may speak
question  what a call says, read as strictly as it is meant
problem   what went wrong, as RFC 9457 has it
token     the secret that a caller shows where it is not enough to be on this machine

These are adapters: they call what the other rooms offer, and no rule lives here.
"""
