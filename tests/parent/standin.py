"""A stand-in for core or hub that speaks their records and writes down what it hears.

    python standin.py core|hub --link FD [--state-dir DIRECTORY]

In the directory $HAHUB_STANDIN: ``core.jsonl`` gets a line for each record; ``core.sock`` takes datagrams:
``send RECORD`` goes to the parent as it is, ``fifo LINE`` into every FIFO. Files there change its ways:
``core.deaf`` (ignores Shutdown, SIGTERM and a closed link), ``hub.unclean`` (leaves messages).
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path

from hahub import link, messages
from hahub.link import Link, LinkClosedError
from hahub.messages import Ack, Configure, CoreLink, HubLink, Ready, Record, Shutdown, Stopped
from hahub.model import Cause, Kind, Reason, State, Transition
from hahub.settings import CoreSettings, HubSettings


class Standin:
    def __init__(self, name: str, descriptor: int, directory: Path) -> None:
        self.name = name
        self.link = Link.from_fileno(descriptor)
        self.directory = directory
        self.peer: Link | None = None
        self.fifos: list[int] = []
        self.instances: list[str] = []
        self.seq = 0
        self.deaf = (directory / f"{name}.deaf").exists()
        if self.deaf:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        path = directory / f"{name}.sock"
        path.unlink(missing_ok=True)
        self.control = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.control.bind(str(path))

    def run(self) -> None:
        while True:
            inputs: list[Link | socket.socket] = [self.link, self.control]
            if self.peer:
                inputs.append(self.peer)
            for ready in select.select(inputs, [], [])[0]:
                if ready is self.control:
                    self.obey(self.control.recv(100_000))
                elif ready is self.peer:
                    self.hear_peer()
                else:
                    self.hear_parent()

    def obey(self, order: bytes) -> None:
        word, _, rest = order.partition(b" ")
        if word == b"send":
            self.link.try_send(messages.decode(rest))
        elif word == b"fifo":
            for fifo in self.fifos:
                os.write(fifo, rest)

    def hear_peer(self) -> None:
        assert self.peer is not None
        try:
            while received := self.peer.try_receive():
                self.note(received[0], "peer")
        except LinkClosedError:
            self.peer = None

    def hear_parent(self) -> None:
        try:
            while received := self.link.try_receive():
                self.take(*received)
        except LinkClosedError:
            if self.deaf:
                signal.pause()
            sys.exit(0)

    def take(self, record: Record, descriptors: list[int]) -> None:
        match record:
            case Configure():
                self.configure(record, descriptors)
            case HubLink() | CoreLink():
                self.note(record, "parent")
                self.peer = Link.from_fileno(descriptors[0])
                self.peer.try_send(Ack(f"{self.name} {os.getpid()}", 0))
            case Shutdown() if not self.deaf:
                self.note(record, "parent")
                self.leave()
            case _:
                self.note(record, "parent")

    def configure(self, record: Configure, descriptors: list[int]) -> None:
        text = link.read_memory_file(descriptors[0])
        for old in self.fifos:
            os.close(old)
        if record.lifeline:
            os.close(descriptors.pop(1))
        self.fifos = descriptors[1:]
        if self.name == "core":
            self.instances = [each.name for each in messages.decode_settings(text, CoreSettings).instances]
        else:
            messages.decode_settings(text, HubSettings)
        self.note(record, "parent", inodes=[os.fstat(fifo).st_ino for fifo in self.fifos], settings=text.decode())
        self.link.try_send(Ready((f"{self.name} is a stand-in",)))

    def leave(self) -> None:
        for name in self.instances:
            self.seq += 1
            self.link.try_send(transition(name, State.STOP, seq=self.seq))
            for fifo in self.fifos:
                os.write(fifo, f'INSTANCE "{name}" STOP 100\n'.encode())
        unclean = (self.directory / f"{self.name}.unclean").exists()
        detail = "3 messages wait for the next start" if unclean else ""
        self.link.try_send(Stopped(detail, clean=not unclean))
        sys.exit(0)

    def note(self, record: Record, sender: str, **more: object) -> None:
        line = {"pid": os.getpid(), "from": sender, "record": type(record).__name__, "text": repr(record), **more}
        with (self.directory / f"{self.name}.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")


def transition(
    name: str, state: State, *, seq: int = 1, cause: Cause = Cause.STOPPED, kind: Kind = Kind.INSTANCE
) -> Transition:
    """A transition as the core would report it."""
    return Transition(
        kind=kind,
        name=name,
        state=state,
        previous=State.INIT,
        priority=100,
        reason=Reason(cause),
        node="here",
        boot="b",
        seq=seq,
        at=0.0,
        monotonic=0.0,
    )


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        Standin(sys.argv[1], int(sys.argv[3]), Path(os.environ["HAHUB_STANDIN"])).run()
