"""The parent with stand-ins for core and hub: ``python daemon.py SETTINGS.json DIRECTORY``.

Settings come as JSON, so that these tests need no configuration language; a file that is not JSON is a bad one.
"""

import logging
import os
import sys
from functools import partial
from pathlib import Path

import msgspec
import trio

from hahub.config import Loaded, Problem, Severity
from hahub.parent import process
from hahub.parent.logs import LogWriter
from hahub.settings import Settings


def load(path: Path) -> Loaded:
    try:
        return Loaded(msgspec.json.decode(path.read_bytes(), type=Settings), ())
    except msgspec.MsgspecError as error:
        return Loaded(None, (Problem(str(path), 1, 1, Severity.ERROR, "", str(error)),))


def main(settings_file: Path, directory: Path) -> int:
    standin = (sys.executable, str(Path(__file__).with_name("standin.py")))
    # Other daemons of other tests may run in this network namespace.
    name = os.environ.get("HAHUB_CLAIM", f"hahub-test-{directory.stat().st_ino}")
    programs = {"core": (*standin, "core"), "hub": (*standin, "hub")}
    options = process.Options(directory / "run", directory / "state", claim=name, **programs)
    loaded = load(settings_file)
    assert loaded.settings is not None
    log = LogWriter(level=logging.DEBUG)
    try:
        return trio.run(partial(process.run, loaded.settings, options, log=log, load=partial(load, settings_file)))
    except process.StartError as error:
        print(f"hahub: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
