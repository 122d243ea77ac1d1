"""Whole clusters in one process, on a simulated wire and clock, with everything that can go wrong.

Two to five nodes run the state machines, sync groups, reception checks and packets of ``hahub.vrrp``; adverts travel
as bytes. Everything that happens follows from one integer, the seed: how the nodes are configured, what goes wrong
and when, how long each packet takes. ``plan`` draws it, ``world`` plays it, ``checks`` and ``masters`` watch it.

    python -m tests.simulation 4711               one seed, and what happened, line by line
    python -m tests.simulation --seeds 200000     many, on all processors; those that fail are named
"""
