"""Those who watch from outside: the wire, the notify FIFOs, the client's answers, the messages."""

import ipaddress
import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

import trio

from hahub.demo.observations import Advertised, Answered, FifoLine
from hahub.demo.sinks import follow, read_message
from hahub.demo.timeline import Timeline
from hahub.net.adverts import AdvertReceiver
from hahub.vrrp.packet import decode, split_ip
from hahub_fifo import Line, LineSplitter, parse_line


async def watch_wire(interface: str, virtual_router_id: int, names: Mapping[str, str], timeline: Timeline) -> None:
    """Note each advertisement on an interface. names: of the nodes, by address."""
    receiver = AdvertReceiver(interface, socket.if_nametoindex(interface), [virtual_router_id])
    try:
        while True:
            await trio.lowlevel.wait_readable(receiver.fileno())
            at = time.monotonic()
            for packet in receiver.receive_batch():
                datagram = split_ip(packet)
                advert = decode(datagram.payload, source=datagram.source, destination=datagram.destination)
                source = str(ipaddress.IPv4Address(datagram.source))
                timeline.add(Advertised(at, names.get(source, source), advert.priority))
    finally:
        receiver.close()


async def watch_fifo(path: Path, node: str, timeline: Timeline) -> None:
    """Note each line of a node's notify FIFO, which exists.

    Open for writing too: so it does not end with the writer, and a restart of the daemon loses nothing.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    splitter = LineSplitter()
    try:
        while True:
            await trio.lowlevel.wait_readable(descriptor)
            at = time.monotonic()
            for text in splitter.feed(os.read(descriptor, 65536)):
                line = parse_line(text)
                state = line.state if isinstance(line, Line) else "?"
                timeline.add(FifoLine(at, node, state, text.decode("utf-8", "replace")))
    finally:
        os.close(descriptor)


async def watch_answers(path: Path, timeline: Timeline) -> None:
    """Note what the probe on client writes down."""

    def hear(line: str) -> None:
        answer = json.loads(line)
        timeline.add(Answered(answer["at"], answer["node"]))

    await follow(path, hear)


async def watch_messages(path: Path, channel: str, timeline: Timeline) -> None:
    """Note what one sink got."""

    def hear(line: str) -> None:
        told = read_message(channel, line)
        if told is not None:
            timeline.add(told)

    await follow(path, hear)
