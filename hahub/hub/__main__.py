"""Start the hub: ``python -P -m hahub.hub --link FD --state-dir DIR``, by the parent only."""

import ctypes
import os
import random
import signal
import sys
from pathlib import Path

import trio

from hahub.hub.logs import log_to
from hahub.hub.process import Hub
from hahub.link import Link

_PR_SET_PDEATHSIG = 1


async def _run(descriptor: int, state_dir: Path) -> None:
    link = Link.from_fileno(descriptor)
    os.set_inheritable(descriptor, False)
    log_to(link)
    hub, parent = Hub(link, state_dir, random.random), os.getppid()
    async with trio.open_nursery() as nursery:
        with trio.open_signal_receiver(signal.SIGTERM) as signals:

            async def stop_on_signal() -> None:
                async for _ in signals:
                    if os.getppid() == parent:
                        hub.stop()
                    else:
                        nursery.start_soon(hub.abandoned)

            nursery.start_soon(stop_on_signal)
            await hub.run()
            nursery.cancel_scope.cancel()


def main(arguments: list[str]) -> None:
    """Run until told to stop."""
    match arguments:
        case ["--link", descriptor, "--state-dir", state_dir] if descriptor.isdigit():
            pass
        case _:
            sys.exit("hahub.hub is started by hahub run: python -m hahub.hub --link DESCRIPTOR --state-dir DIR")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.umask(0o077)
    # The second line of defence: the closed link says first that the parent is gone.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    trio.run(_run, int(descriptor), Path(state_dir))


if __name__ == "__main__":
    main(sys.argv[1:])
