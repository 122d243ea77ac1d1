"""What the neighbours of a virtual router ask, and what they are told."""

import socket

from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IPv6, in6_getnsma, in6_getnsmac
from scapy.layers.l2 import ARP, Ether

from tests.conformance.situation import Router, situation
from tests.conformance.situations.alone import QUIET
from tests.conformance.tester import Tester


def who_has(tester: Tester) -> bytes:
    """Ask for the MAC of the virtual IPv4 address."""
    cable = tester.wire.cable
    ask = ARP(op=1, hwsrc=cable.far_mac, psrc=cable.peer, pdst=cable.virtual)
    return bytes(Ether(src=cable.far_mac, dst="ff:ff:ff:ff:ff:ff") / ask)


def solicitation(tester: Tester) -> bytes:
    """Ask for the MAC of the link-local virtual address."""
    cable = tester.wire.cable
    group = in6_getnsma(socket.inet_pton(socket.AF_INET6, cable.virtual6))
    packet = IPv6(src=cable.peer6, dst=socket.inet_ntop(socket.AF_INET6, group), hlim=255)
    ask = ICMPv6ND_NS(tgt=cable.virtual6) / ICMPv6NDOptSrcLLAddr(lladdr=cable.far_mac)
    return bytes(Ether(src=cable.far_mac, dst=in6_getnsmac(group)) / packet / ask)


def ping(tester: Tester, mac: str) -> bytes:
    """Send an echo request to the virtual address."""
    cable = tester.wire.cable
    ethernet = Ether(src=cable.far_mac, dst=mac)
    if tester.router.family == 6:
        return bytes(ethernet / IPv6(src=cable.peer6, dst=cable.virtual6) / ICMPv6EchoRequest(id=1, seq=1))
    return bytes(ethernet / IP(src=cable.peer, dst=cable.virtual) / ICMP(id=1, seq=1))


async def _ask(tester: Tester, mac: str) -> None:
    tester.send(solicitation(tester) if tester.router.family == 6 else who_has(tester))
    tester.send(ping(tester, mac))
    await tester.passes(0.3)


async def _asked_in_both_states(tester: Tester, mac: str) -> None:
    await tester.becomes("BACKUP")
    async with tester.repeating(tester.advert(), every=0.1):
        await tester.passes(0.3)
        tester.mark("asked as backup")
        await _ask(tester, mac)
        tester.mark("asked no more")
    await tester.becomes("MASTER")
    cable = tester.wire.cable
    await tester.holds(cable.virtual if tester.router.family == 4 else cable.virtual6)
    tester.mark("asked as master")
    await _ask(tester, mac)


@situation(Router(options=QUIET), bench="busy neighbours")
async def asked(tester: Tester) -> None:
    await _asked_in_both_states(tester, tester.wire.cable.mac)


@situation(Router(options=QUIET, family=6), bench="busy neighbours")
async def asked_over_ipv6(tester: Tester) -> None:
    await _asked_in_both_states(tester, tester.wire.cable.mac)


@situation(Router(options=QUIET, family=6), bench="busy neighbours", kernel="net/ipv6/conf/$interface/forwarding=1")
async def forwards_ipv6(tester: Tester) -> None:
    await _asked_in_both_states(tester, tester.wire.cable.mac)


@situation(Router(options=QUIET + "no_accept"), bench="busy neighbours")
async def accepts_nothing(tester: Tester) -> None:
    await _asked_in_both_states(tester, tester.wire.cable.mac)


@situation(Router(options=QUIET + "no_accept", family=6), bench="busy neighbours")
async def accepts_nothing_over_ipv6(tester: Tester) -> None:
    await _asked_in_both_states(tester, tester.wire.cable.mac)


@situation(Router(options=QUIET + "strict_mode"), bench="busy neighbours")
async def strict(tester: Tester) -> None:
    await _asked_in_both_states(tester, tester.wire.cable.mac)


@situation(Router(options=QUIET + "use_vmac"), bench="busy vmac")
async def asked_with_virtual_mac(tester: Tester) -> None:
    await _asked_in_both_states(tester, "00:00:5e:00:01:33")


@situation(Router(options=QUIET + "use_vmac", family=6), bench="busy vmac")
async def asked_with_virtual_mac_over_ipv6(tester: Tester) -> None:
    await _asked_in_both_states(tester, "00:00:5e:00:02:33")
