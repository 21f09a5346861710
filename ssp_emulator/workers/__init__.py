"""Workers: several processes that serve consumers on one port, and one that leads them.

process  one worker, as the process that started it has it
fleet    all of them: started together, told things together, replaced when they end
channel  what the two sides say to each other, over a pair of sockets
packing  the objects among that, such as a registry, as bytes
tally    the numbers that they count by together

What a worker does, and what it is told, is the composition root's: nothing here knows of proxies, rules or journals.
"""
