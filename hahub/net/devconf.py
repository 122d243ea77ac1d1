"""The kernel's IPv4 settings of one interface, changed by netlink: it works where /proc/sys cannot be written.

::

    +-----------+-----------+----------------+-----------+----------------+----------------+
    | nlmsghdr  | ifinfomsg | IFLA_AF_SPEC   | AF_INET   | IFLA_INET_CONF | number, value  |
    |        16 |        16 | nested       4 | nested  4 | nested       4 |              8 |
    +-----------+-----------+----------------+-----------+----------------+----------------+

Source: linux/net/ipv4/devinet.c:inet_set_link_af, linux/ip.h.
"""

import struct
from pathlib import Path

from hahub.net.refusals import RTM_SETLINK

PROMOTE_SECONDARIES = 20
"""IPV4_DEVCONF_PROMOTE_SECONDARIES: the next address of a subnet becomes primary when the primary goes."""

_MESSAGE = struct.Struct("=IHHII BxHIII HHHHHH HHI")
_NLM_F_REQUEST = 0x1
_AF_INET = 2
_IFLA_AF_SPEC, _IFLA_INET_CONF = 26, 1
_NESTED = 0x8000


def encode_change(index: int, setting: int, value: int) -> bytes:
    """The message that gives an interface's setting another value."""
    size = _MESSAGE.size
    return _MESSAGE.pack(
        *(size, RTM_SETLINK, _NLM_F_REQUEST, 0, 0),
        *(0, 0, index, 0, 0),
        *(size - 32, _IFLA_AF_SPEC | _NESTED, size - 36, _AF_INET | _NESTED, size - 40, _IFLA_INET_CONF | _NESTED),
        *(size - 44, setting, value),
    )


def promotes_secondaries(interface: str) -> bool:
    """Whether this setting of an interface is on; False too when there is no such interface."""
    try:
        return Path("/proc/sys/net/ipv4/conf", interface, "promote_secondaries").read_text().strip() != "0"
    except OSError:
        return False
