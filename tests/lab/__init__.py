"""A laboratory of hosts in network namespaces, where keepalived and hahub meet on a real wire.

Everything a test may believe comes from the outside: frames on the switch ports, addresses as the kernel reports
them, lines that came out of the notify FIFO, and what the notify scripts were given.
"""

from tests.lab.daemons import DAEMONS, Daemon, Hahub, Keepalived
from tests.lab.fifo_log import FifoLog
from tests.lab.frames import Advert, GratuitousArp
from tests.lab.mastership import AddressChange, Incident, Mastership, measure
from tests.lab.network import VIP, Host, Lab
from tests.lab.timeline import Timeline

__all__ = [
    "DAEMONS",
    "VIP",
    "AddressChange",
    "Advert",
    "Daemon",
    "FifoLog",
    "GratuitousArp",
    "Hahub",
    "Host",
    "Incident",
    "Keepalived",
    "Lab",
    "Mastership",
    "Timeline",
    "measure",
]
