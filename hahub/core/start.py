"""The core as a program: its one argument, its signals, its end."""

import os
import signal
import sys

import trio

from hahub.core import realtime
from hahub.core.process import Core
from hahub.link import Link


async def _run(descriptor: int) -> None:
    core = Core(Link.from_fileno(descriptor))
    async with trio.open_nursery() as nursery:
        with trio.open_signal_receiver(signal.SIGTERM) as signals:

            async def stop_on_signal() -> None:
                async for _ in signals:
                    core.stop()

            nursery.start_soon(stop_on_signal)
            await core.run()
            nursery.cancel_scope.cancel()


def main(arguments: list[str]) -> None:
    """Run until told to stop. ``arguments``: ``--link`` and the number of an inherited descriptor."""
    if len(arguments) != 2 or arguments[0] != "--link" or not arguments[1].isdigit():
        sys.exit("hahub.core is started by hahub run: python -m hahub.core --link DESCRIPTOR")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.umask(0o077)
    realtime.end_with_parent()
    trio.run(_run, int(arguments[1]))
