"""A load generator: many small requests, or few large ones, over mutual TLS, with as little of the machine as it can.

A *door* is where requests go in, and as whom; a *sheet* is what each of them says; a *connection* sends one at a time
and reads its answer; a *crew* is the connections of one load. How the crew is kept busy is a manner of its own:
*closed* (each connection sends its next request when it has its answer), *paced* (requests come at a rate, whatever the
answers do) and *alternating* (one request at a time, through several doors in turn). A *tally* is what came of it.
"""
