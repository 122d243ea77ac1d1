"""The table of requirements, tests and results: docs/conformance.md."""

import ast
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.requirements import Requirement, Section

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DOCUMENT = ROOT / "docs" / "conformance.md"
RESULTS = {daemon: HERE / "results" / f"{daemon}.json" for daemon in ("hahub", "keepalived")}


@dataclass(frozen=True, slots=True)
class NamedTest:
    """A test function that is named after requirements."""

    name: str
    path: str
    """From the root of the repository."""
    numbers: tuple[int, ...]

    @property
    def sentence(self) -> str:
        """What it says, without the numbers."""
        return re.sub(r"^test_vr(_\d{3})+_", "", self.name).replace("_", " ")


@dataclass(frozen=True, slots=True)
class Results:
    """How the tests ended with one daemon."""

    daemon: str
    """With its version."""
    kernel: str
    by_test: Mapping[str, str]
    """By name, with parameters; what was found where it failed, else empty."""

    def findings(self, test: str) -> list[str]:
        """Return what was found in each run of a test."""
        return [found for name, found in self.by_test.items() if name.partition("[")[0] == test]


def find_tests() -> dict[str, NamedTest]:
    """Return the tests that are named after requirements, wherever they are."""
    found = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            numbers = _numbers(node.name) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else ()
            if numbers:
                assert node.name not in found, f"two tests are called {node.name}"
                found[node.name] = NamedTest(node.name, str(path.relative_to(ROOT)), numbers)
    return found


def _numbers(name: str) -> tuple[int, ...]:
    found = re.match(r"test_vr((?:_\d{3})+)_", name)
    return tuple(int(number) for number in found[1].split("_")[1:]) if found else ()


def read_results(daemon: str) -> Results:
    """Return the stored results of one daemon; none where there is no file."""
    path = RESULTS[daemon]
    if not path.exists():
        return Results(daemon, "", {})
    stored = json.loads(path.read_text())
    return Results(stored["daemon"], stored["kernel"], stored["results"])


def render(sections: Iterable[Section], tests: Mapping[str, NamedTest], hahub: Results, keepalived: Results) -> str:
    """Return the document."""
    sections = tuple(sections)
    lines = [
        "# Conformance",
        "",
        "<!-- Made by `python -m tests.conformance` from tests/conformance/; do not change it by hand. -->",
        "",
        *_introduction(sections, tests, hahub, keepalived),
    ]
    for section in sections:
        lines += [
            "",
            f"## {section.title}",
            "",
            "| | requirement | test | hahub | keepalived |",
            "|---|---|---|---|---|",
        ]
        lines += [_row(requirement, tests, hahub, keepalived) for requirement in section.requirements]
    return "\n".join(lines) + "\n"


def _introduction(
    sections: tuple[Section, ...], tests: Mapping[str, NamedTest], hahub: Results, keepalived: Results
) -> list[str]:
    rows = [requirement for section in sections for requirement in section.requirements]
    tested = [row for row in rows if row.has_test]
    return [
        "What RFC 3768, RFC 5798 and RFC 9568 ask of a VRRP router, with the errata, and what is expected of one that",
        f"stands beside keepalived: {len(rows)} requirements, of which {len(tested)} apply to a host.",
        f"{len(tests)} tests are named after them. Each was run against {hahub.daemon} and {keepalived.daemon},",
        "in a network namespace, by a tester at the other end of the cable; see tests/conformance/.",
        "`make conformance` runs all of it again and writes this page, as root with keepalived installed.",
        "",
        _balance(tested, tests, hahub),
        _balance(tested, tests, keepalived),
        "",
        f"Of {hahub.daemon} these hold when the configuration asks for it, because its default is keepalived's,",
        f"so that it can stand in for one: {', '.join(row.name for row in rows if row.on_demand)}.",
    ]


def _balance(rows: list[Requirement], tests: Mapping[str, NamedTest], results: Results) -> str:
    """How many rows a daemon meets, and which not."""
    ended = {row.name: [f for test in named_after(row, tests) for f in results.findings(test.name)] for row in rows}
    not_run = sum(not findings for findings in ended.values())
    wanting = [name for name, findings in ended.items() if any(findings)]
    met = len(rows) - not_run - len(wanting)
    exceptions = [f"not {', '.join(wanting)}"] * bool(wanting) + [f"{not_run} were not tested"] * bool(not_run)
    return "; ".join([f"- {results.daemon} meets {met}", *exceptions]) + "."


def named_after(row: Requirement, tests: Mapping[str, NamedTest]) -> list[NamedTest]:
    """Return the tests that are named after a requirement."""
    return [test for test in tests.values() if row.number in test.numbers]


def _row(row: Requirement, tests: Mapping[str, NamedTest], hahub: Results, keepalived: Results) -> str:
    mine = named_after(row, tests)
    links = "<br>".join(f"[{test.sentence}](../{test.path})" for test in mine)
    requirement = f"{row.text}<br><sub>{row.source}</sub>"
    if not row.has_test:
        links = f"{_NO_TEST[row.applies]}: {row.reason}"
    cells = [
        f"{row.name}<br>{row.level}",
        requirement,
        links,
        _result(row, mine, hahub, row.hahub),
        _result(row, mine, keepalived, row.keepalived),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


_NO_TEST = {"kernel": "the kernel's", "router": "for routers", "none": "not offered"}


def _result(row: Requirement, tests: list[NamedTest], results: Results, remark: str) -> str:
    if not row.has_test:
        return remark or "–"
    findings = [found for test in tests for found in results.findings(test.name)]
    if not findings:
        return f"not run<br>{remark}" if remark else "not run"
    wrong = sorted({_plain(found) for found in findings if found})
    verdict = "**no**: " + "; ".join(wrong) if wrong else "yes"
    beyond = remark.removeprefix("the same").lstrip(";,: ")
    return f"{verdict}<br>{beyond}" if beyond else verdict


def _plain(finding: str) -> str:
    """Text that is no markup."""
    return re.sub(r"([<>*_`\[\]])", r"\\\1", finding)
