"""hahub beside keepalived: the same hosts, the same configuration, one after the other, and the ratio of each figure.

``make bench`` takes it all, ``make bench-quick`` a little of each. What is measured is in ``figures``, how in
``takeovers`` and ``footprints``; the numbers of a machine and what they mean are in ``docs/performance.md``.
"""
