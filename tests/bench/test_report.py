"""The table, the samples and the chart."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench.arithmetic import Target
from tests.bench.figures import MEASURES, MEGABYTES, Figure
from tests.bench.machine import Machine, this_machine
from tests.bench.report import Result, chart, page, raw, read_raw, table

MACHINE = Machine("Abacus", 2, "6.1", "3.11.7", "Keepalived v2.2.7", "0.1.0 abc", "0.35.0", 0.25)
LATE = Figure("late", "how late", targets=(Target("median", ratio_max=1.5), Target("p99", value_max=0.0015)))
LARGE = Figure("large", "how large", MEGABYTES)
RESULTS = [
    Result(LATE, (0.001, 0.002, 0.003, 0.004), (0.002, 0.003, 0.001, 0.002)),
    Result(LARGE, (2e6,), (31e6,)),
]


def test_the_table_says_what_was_reached():
    lines = table(RESULTS, MACHINE).splitlines()

    assert [" ".join(line.split()) for line in lines[5:]] == [
        "how late ms median 2.000 2.000 1.00 ratio <= 1.5: met",
        "how late ms p99 4.000 3.000 0.75 <= 1.5 ms: MISSED",
        "how large MB median 2.000 31.000 15.50",
    ]


def test_the_page_has_medians_and_what_has_a_target():
    text = page([*RESULTS, Result(replace(LATE, targets=()), (0.00001,), (0.1234567,))], MACHINE)

    assert text.startswith("hahub 0.1.0 abc on Python 3.11.7 and trio 0.35.0, beside Keepalived v2.2.7. 2 x Abacus, ")
    assert text.splitlines()[4:] == [
        "| how late | median | 2 | 2 | 1.00 | ratio ≤ 1.5 | met |",
        "| how late | p99 | 4 | 3 | 0.75 | ≤ 1.5 ms | **missed** |",
        "| how large | median | 2 MB | 31 MB | 15.50 |  |  |",
        "| how late | median | 0.01 | 123 | 12345.67 |  |  |",
    ]


def test_the_samples_come_back():
    text = raw(RESULTS, MACHINE, {"trials": 1})

    assert read_raw(text, [LARGE, LATE, replace(LARGE, name="not measured")]) == [RESULTS[1], RESULTS[0]]


def test_the_chart_is_drawn_where_matplotlib_is_and_else_says_what_lacks(tmp_path: Path):
    path = tmp_path / "chart.png"

    if importlib.util.find_spec("matplotlib") is None:
        with pytest.raises(ImportError, match="matplotlib"):
            chart(RESULTS, MACHINE, path)
    else:
        chart(RESULTS, MACHINE, path)
        assert path.read_bytes().startswith(b"\x89PNG")


def test_every_figure_has_a_name_of_its_own():
    names = [figure.name for measure in MEASURES for figure in measure.figures]

    assert len(set(names)) == len(names)


def test_this_machine_names_what_was_compared():
    assert this_machine().hahub.startswith("0.")
