"""The demonstration: the article's three machines on one Linux kernel, a failure or two, and a table of what it took.

::

    hahub demo (outside)                 waits, passes signals on; when it dies, by any death, the rest dies with it
      +- enclosure: user, pid, mount and network namespace; /run is a file system of its own
           +- hahub.demo (inside)        the switch 10.211.55.1, the observers, the story, the report
           +- sinks                      mail server, DingTalk, webhook receiver, on the switch
           +- server, application, client    each with its own network, processes and host name:
                 hahub run, an HTTP service, and on client a probe that asks the virtual address

Everything in the report was observed from outside: advertisements on the switch, lines out of the notify FIFO,
answers that the client got, messages that arrived.
"""
