"""Runs the suite with both daemons and writes docs/conformance.md, or shows what happens in a situation.

python -m tests.conformance                          both, and the page
python -m tests.conformance --dut keepalived         one of them, and the page
python -m tests.conformance -k vr_046                some of the tests, and the page
python -m tests.conformance --table                  the page only, of the stored results
python -m tests.conformance --show NAME [--dut ...]  play one situation and print all that was seen

On a machine that does nothing else: keepalived waits for the kernel's locks, and its results follow the load.
"""

import argparse
import subprocess
import sys

import trio

from tests.conformance import situations
from tests.conformance.playing import play_all
from tests.conformance.requirements import read_requirements
from tests.conformance.situation import SITUATIONS
from tests.conformance.story import tell
from tests.conformance.table import DOCUMENT, HERE, RESULTS, find_tests, read_results, render


def main() -> int:
    """Do what the command line says."""
    assert situations.__doc__  # importing it fills the table of situations
    parser = argparse.ArgumentParser("python -m tests.conformance", description=__doc__.splitlines()[0])
    parser.add_argument("--dut", choices=sorted(RESULTS), action="append", help="only this daemon")
    parser.add_argument("--table", action="store_true", help="write the page, run nothing")
    parser.add_argument(
        "--show", choices=sorted(SITUATIONS), metavar="SITUATION", help="play it and print what was seen"
    )
    parser.add_argument("-k", metavar="EXPRESSION", help="only these tests, as pytest has it; keep the other results")
    options = parser.parse_args()
    daemons = options.dut or sorted(RESULTS)
    if options.show:
        for daemon in daemons:
            recordings = trio.run(play_all, [options.show], daemon)
            sys.stdout.write(tell(recordings[options.show]))
        return 0
    statuses = [] if options.table else [_run(daemon, options.k) for daemon in daemons]
    results = {daemon: read_results(daemon) for daemon in RESULTS}
    DOCUMENT.write_text(render(read_requirements(), find_tests(), results["hahub"], results["keepalived"]))
    return max(statuses, default=0)


def _run(daemon: str, expression: str | None) -> int:
    """Run the tests that are named after requirements. keepalived may fail: that is what the page tells."""
    paths = sorted({test.path for test in find_tests().values()})
    command = [sys.executable, "-m", "pytest", "-p", "tests.conformance.plugin", "--dut", daemon]
    command += ["-k", "test_vr_"] if expression is None else ["-k", f"test_vr_ and ({expression})", "--keep"]
    done = subprocess.run([*command, "--tb=line", "-q", "--record", str(RESULTS[daemon]), *paths], cwd=HERE.parents[1])
    failed_as_told = daemon == "keepalived" and done.returncode == 1
    return 0 if failed_as_told else done.returncode


if __name__ == "__main__":
    sys.exit(main())
