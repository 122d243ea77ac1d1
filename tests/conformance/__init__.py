"""A test for every requirement of VRRP that a host has to meet, run with hahub and with keepalived.

::

    requirements/*.toml   what is required, one row per number, VR-001 to VR-147
    situations/           what a tester does to a router on the other end of a cable, and when
    test_*.py             what must have been seen; a test is named after its row: test_vr_001_...
    results/*.json        how the tests ended, with each daemon
    docs/conformance.md   made of all these by ``python -m tests.conformance``

A situation is played once, and everything that is seen in it is kept: frames with the kernel's time, lines of the
notify FIFO, addresses, the log. Many tests look at the same recording. Situations that need not be alone share a
daemon, each with a cable and a virtual router of its own; several daemons run at the same time.
"""
