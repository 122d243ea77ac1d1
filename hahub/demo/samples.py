"""The article's files, wherever this hahub was installed from."""

import sys
from pathlib import Path

import hahub


class SampleError(Exception):
    """A sample is not where it should be."""


def find(name: str) -> Path:
    """Return the path of ``config/NAME``: in the checkout, else where the wheel has put it. Raises SampleError."""
    checkout = Path(hahub.__file__).resolve().parents[1] / "config"
    installed = Path(sys.prefix, "share/doc/hahub/config")
    for directory in (checkout, installed):
        if (directory / name).is_file():
            return directory / name
    raise SampleError(f"{name} is neither in {checkout} nor in {installed}")
