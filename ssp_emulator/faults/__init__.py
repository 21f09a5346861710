"""Faults on demand: rules that make the proxy, a provider or the network between misbehave, and what becomes of them.

rule     what a request must be like (match), which of those are hit (when), and what happens to them (effect)
effect   one kind of misbehaviour with its parameters; each is a file in `effects`
firing   one rule's effect on one request: the rule, its count, and what it did
fault    all that fired on one request, put together in one order whatever rules they came from
armed    a rule in force, with its counts
engine   the rules in force; it chooses
scenario a named set of rules

Nothing here knows sockets: an effect acts on a `Wire` or a `Door` that the proxy hands it.
"""
