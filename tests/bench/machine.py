"""On what, and with what, was measured."""

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine and the versions of what ran on it."""

    processor: str
    processors: int
    kernel: str
    python: str
    keepalived: str
    hahub: str
    trio: str
    load: float
    """Load average over a minute when the measurement began."""

    def __str__(self) -> str:
        return (
            f"hahub {self.hahub} on Python {self.python} and trio {self.trio}, beside {self.keepalived}\n"
            f"{self.processors} x {self.processor}, Linux {self.kernel}, load {self.load:.1f} at the start"
        )


def this_machine() -> Machine:
    """Ask the system."""
    return Machine(
        processor=_processor(),
        processors=os.cpu_count() or 0,
        kernel=platform.release(),
        python=platform.python_version(),
        keepalived=_said(["keepalived", "--version"]).split("(")[0].strip(),
        hahub=f"{version('hahub')} {_said(['git', 'describe', '--always', '--dirty'])}".strip(),
        trio=version("trio"),
        load=os.getloadavg()[0],
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _said(command: list[str]) -> str:
    """The first line that a command says, on either stream; empty when there is no such command."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd=Path(__file__).parent
        )
    except FileNotFoundError:
        return ""
    return done.stdout.partition("\n")[0].strip()
