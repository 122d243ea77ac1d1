"""Run the measurements: ``python -m tests.bench``, as root, from the top of a checkout."""

import argparse
import compileall
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from tests.bench.arena import MeasureError
from tests.bench.arithmetic import IncompleteError
from tests.bench.contenders import CONTENDERS
from tests.bench.figures import FULL, MEASURES, QUICK, Counts, Measure, Run
from tests.bench.machine import this_machine
from tests.bench.report import Result, chart, page, raw, table
from tests.bench.takeovers import Samples

_ATTEMPTS = 3


def main(arguments: Sequence[str]) -> int:
    """Measure, print the table, write table, samples and chart. Returns the exit status: 1 when something failed."""
    options = _parser().parse_args(arguments)
    measures = [m for m in MEASURES if not options.only or any(word in m.name for word in options.only)]
    counts = QUICK if options.quick else FULL
    overridden = {name: getattr(options, name) for name in asdict(counts) if getattr(options, name) is not None}
    counts = replace(counts, **overridden)
    machine = this_machine()
    for source in ("hahub", "plugins", "fifo"):
        compileall.compile_dir(source, quiet=1)  # as an installation has it; a start would do it each time at worst
    results, failed = _run_all(measures, counts)
    options.out.mkdir(parents=True, exist_ok=True)
    stem = options.out / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    text = table(results, machine)
    stem.with_suffix(".txt").write_text(text)
    stem.with_suffix(".md").write_text(page(results, machine))
    stem.with_suffix(".json").write_text(raw(results, machine, asdict(counts)))
    print(text)
    try:
        chart(results, machine, stem.with_suffix(".png"))
    except ImportError:
        print("no chart: matplotlib is missing, which the extra 'bench' installs")
    print(f"table, also as Markdown, samples and chart: {stem}.*")
    for failure in failed:
        print(f"NOT MEASURED: {failure}")
    return 1 if failed else 0


def _run_all(measures: Sequence[Measure], counts: Counts) -> tuple[list[Result], list[str]]:
    """Measure all that can be measured; and say what could not."""
    results: list[Result] = []
    failed: list[str] = []
    for measure in measures:
        try:
            results += run(measure, counts)
        except (IncompleteError, MeasureError) as error:
            failed.append(f"{measure.name}: {error}")
    return results, failed


def run(measure: Measure, counts: Counts) -> list[Result]:
    """Let the contenders take turns, each turn with the other one first."""
    gathered: dict[str, Samples] = {name: {} for name in CONTENDERS}
    take_turn = measure.make(counts)
    for trial in range(counts.trials):
        order = list(CONTENDERS) if trial % 2 == 0 else list(reversed(CONTENDERS))
        for contender in order:
            print(f"{measure.name}: {contender}, turn {trial + 1} of {counts.trials}", file=sys.stderr, flush=True)
            for figure, samples in _turn(take_turn, contender).items():
                gathered[contender].setdefault(figure, []).extend(samples)
    return [
        Result(figure, tuple(gathered["keepalived"][figure.name]), tuple(gathered["hahub"][figure.name]))
        for figure in measure.figures
    ]


def _turn(take_turn: Run, contender: str) -> Samples:
    """One turn; on a busy machine something may go wrong, which is said, and tried again."""
    for attempt in range(1, _ATTEMPTS):
        try:
            return take_turn(contender)
        except (IncompleteError, MeasureError) as error:
            print(f"  attempt {attempt} failed: {error}", file=sys.stderr, flush=True)
    return take_turn(contender)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "only", nargs="*", help=f"words in the names of measures: {', '.join(m.name for m in MEASURES)}"
    )
    parser.add_argument("--quick", action="store_true", help="a little of each")
    parser.add_argument("--out", type=Path, default=Path("bench-results"), help="directory for the results")
    for name, value in asdict(FULL).items():
        parser.add_argument(f"--{name}", type=type(value), help=f"{value} unless told otherwise")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
