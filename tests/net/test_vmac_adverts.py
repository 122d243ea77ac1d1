"""What a packet socket hears that the kernel's IP would not have passed on."""

import select
import socket

from hahub.family import Family
from hahub.net.vmac_adverts import VirtualMacReceiver
from hahub.vrrp.packet import GROUP4, PROTOCOL, Advertisement, encode, ipv4_header
from tests.net.namespace import connect, in_namespace, index_of, ip, wait_until

VIRTUAL_MAC = bytes.fromhex("00005e000133")
GROUP_MAC = bytes.fromhex("01005e000012")


def packet(*, source: int) -> bytes:
    advert = Advertisement(3, 51, 100, 1.0, (0x0A0900C8,))
    message = encode(advert, source=source, destination=GROUP4)
    return ipv4_header(PROTOCOL, len(message), source=source, destination=GROUP4) + message


@in_namespace
def test_an_ip_header_that_was_changed_on_the_way_is_dropped_as_ip_drops_it() -> None:
    far = connect()
    ip(f"link add vrrp.51 link near0 address {VIRTUAL_MAC.hex(':')} type macvlan mode private")
    ip("link set vrrp.51 up")
    wait_until(lambda: "UP" in ip("-o link show vrrp.51"), "the macvlan")
    receiver = VirtualMacReceiver("vrrp.51", index_of("vrrp.51"), VIRTUAL_MAC, [51], family=Family.IPV4)
    with far.inside():
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sender.bind(("far0", 0))
    right = packet(source=0x0A090002)
    wrong = right[:15] + b"\x03" + right[16:]

    for each in (wrong, right):
        sender.send(GROUP_MAC + VIRTUAL_MAC + b"\x08\x00" + each)
    heard: list[bytes] = []
    while right not in heard:
        assert select.select([receiver], [], [], 10)[0]
        heard += [each for each, _ in receiver.arrivals() if isinstance(each, bytes)]

    assert heard == [right]
