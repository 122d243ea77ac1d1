"""The network: three nodes on one switch, as in the article. Inside the enclosure, so nobody else ever sees it.

::

    server 10.211.55.8    application 10.211.55.9    client 10.211.55.10
        eth0                    eth0                      eth0
          |                       |                         |
    +----------------------- switch ----------------------------+
    |  10.211.55.1: mail server, DingTalk, webhook receiver     |
    +------------------------------------------------------------+

By pyroute2, not by ip(8), which a minimal Debian lacks.
"""

import contextlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import trio
from pyroute2 import IPRoute, NetNS

from hahub.demo.processes import children

SWITCH = "switch"
SWITCH_ADDRESS = "10.211.55.1"
VIRTUAL_ADDRESS = "10.211.55.11"
_PREFIX_LENGTH = 24
_HOST_PROGRAM = Path(__file__).with_name("host.py")
_FRESH = ("unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")


class TopologyError(Exception):
    """A namespace or an interface could not be made."""


@dataclass(frozen=True, slots=True)
class Host:
    """A machine of our own making: namespaces and an interface eth0 on the switch."""

    name: str
    address: str
    init: int
    """Process 1 of its pid namespace, by its number in ours."""
    process: trio.Process
    """Its unshare; when that ends, all of it ends."""


def build_switch() -> None:
    """Make the bridge, with an address for the rest of the world, and bring it up."""
    with IPRoute() as netlink:
        netlink.link("add", ifname=SWITCH, kind="bridge")
        index = _index(netlink, SWITCH)
        netlink.addr("add", index=index, address=SWITCH_ADDRESS, prefixlen=_PREFIX_LENGTH)
        netlink.link("set", index=index, state="up")
        netlink.link("set", index=_index(netlink, "lo"), state="up")


async def add_host(name: str, address: str) -> Host:
    """Make one machine and connect it to the switch. Raises TopologyError."""
    command = [*_FRESH, sys.executable, "-I", "-S", str(_HOST_PROGRAM), name]
    process = await trio.lowlevel.open_process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if process.stdout is None or await process.stdout.receive_some() != b"ready\n":
        raise TopologyError(f"{name}: its namespaces could not be made")
    (init,) = children(process.pid)
    _plug(name, address, init)
    return Host(name, address, init, process)


def _plug(name: str, address: str, init: int) -> None:
    with IPRoute() as netlink:
        netlink.link("add", ifname=name, kind="veth", peer={"ifname": "eth0", "net_ns_pid": init})
        netlink.link("set", index=_index(netlink, name), master=_index(netlink, SWITCH), state="up")
    with contextlib.closing(NetNS(f"/proc/{init}/ns/net", flags=0)) as netlink:
        netlink.link("set", index=_index(netlink, "lo"), state="up")
        index = _index(netlink, "eth0")
        netlink.addr("add", index=index, address=address, prefixlen=_PREFIX_LENGTH)
        netlink.link("set", index=index, state="up")


def _index(netlink: IPRoute, name: str) -> int:
    found = netlink.link_lookup(ifname=name)
    if not found:
        raise TopologyError(f"interface {name} is missing")
    return int(found[0])
