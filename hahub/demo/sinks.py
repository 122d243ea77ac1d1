"""Those who are told: a mail server, a DingTalk robot and a webhook receiver on the switch, and what they got."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import trio

from hahub.demo.observations import Told
from hahub.demo.steps import DINGTALK, MAIL, WEBHOOK
from hahub.demo.topology import SWITCH_ADDRESS

MAIL_ADDRESS = SWITCH_ADDRESS
"""Port 25, as the article's ``smtp_server`` has it."""
DINGTALK_URL = f"http://{SWITCH_ADDRESS}:8081/robot/send"
DINGTALK_TOKEN = "demo"  # noqa: S105 - for a robot that exists for a minute
DINGTALK_SECRET = "SECdemo"  # noqa: S105 - as above
WEBHOOK_URL = f"http://{SWITCH_ADDRESS}:8082/"
WEBHOOK_SECRET = "whsec_aGFodWIgZGVtbyBrZXk="  # noqa: S105 - as above

_SINKS = {
    MAIL: ("smtp", "--listen", f"{SWITCH_ADDRESS}:25"),
    DINGTALK: (
        "dingtalk",
        "--listen",
        f"{SWITCH_ADDRESS}:8081",
        "--token",
        DINGTALK_TOKEN,
        "--secret",
        DINGTALK_SECRET,
    ),
    WEBHOOK: ("webhook", "--listen", f"{SWITCH_ADDRESS}:8082", "--secret", WEBHOOK_SECRET),
}
_TITLE = re.compile(r"\[(?P<node>[^]]+)\] VRRP Instance \S+ - (?:Entering (?P<state>[A-Z]+) state|(?P<stop>Stopping))")
_STARTS_WITHIN = 30.0


class SinkError(Exception):
    """A sink did not start."""


async def start(directory: Path) -> dict[str, Path]:
    """Start all sinks and return the file of each, by channel, once they listen. Raises SinkError."""
    files = {channel: directory / f"{channel.lower()}.jsonl" for channel in _SINKS}
    async with trio.open_nursery() as nursery:
        for channel, arguments in _SINKS.items():
            files[channel].touch()
            nursery.start_soon(_start_one, channel, arguments, files[channel])
    return files


async def _start_one(channel: str, arguments: tuple[str, ...], messages: Path) -> None:
    log = messages.with_suffix(".log")
    command = [sys.executable, "-P", "-m", "hahub.testing.sinks", *arguments, "--log", str(messages)]
    with log.open("ab") as output:
        process = await trio.lowlevel.open_process(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    with trio.move_on_after(_STARTS_WITHIN):
        while process.poll() is None:
            if b"listening" in log.read_bytes():
                return
            await trio.sleep(0.05)
    raise SinkError(f"the {channel} sink did not start:\n{log.read_text(errors='replace')}")


def read_message(channel: str, line: str) -> Told | None:
    """Understand a line of a sink; None for a message that is not about a transition."""
    message = json.loads(line)
    if channel == WEBHOOK:
        about = json.loads(message["body"])["data"]
        return Told(message["at_monotonic"], channel, about["node"], about["state"])
    found = _TITLE.fullmatch(message["title"])
    if found is None:
        return None
    return Told(message["at_monotonic"], channel, found["node"], found["state"] or "STOP")


async def follow(path: Path, hear: Callable[[str], None], *, interval: float = 0.05) -> None:
    """Call ``hear`` with each line that is appended to a file, for ever."""
    with path.open(encoding="utf-8") as file:
        rest = ""
        while True:
            *lines, rest = (rest + file.read()).split("\n")
            for line in lines:
                hear(line)
            await trio.sleep(interval)
