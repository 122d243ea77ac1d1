"""The page says what the requirements, the tests and the stored results say, and nothing is missing."""

from tests.conformance.plugin import NOT_YET
from tests.conformance.requirements import COUNT, Requirement, read_requirements
from tests.conformance.table import DOCUMENT, RESULTS, find_tests, named_after, read_results, render

SECTIONS = read_requirements()
ROWS = [requirement for section in SECTIONS for requirement in section.requirements]
TESTS = find_tests()


def test_every_number_has_its_row_in_order() -> None:
    assert [row.number for row in ROWS] == list(range(1, COUNT + 1))


def test_every_row_without_a_test_says_why() -> None:
    assert [row.name for row in ROWS if row.has_test is bool(row.reason)] == []


def test_every_row_that_applies_to_a_host_has_a_test_named_after_it() -> None:
    assert [row.name for row in ROWS if row.has_test and not named_after(row, TESTS)] == []


def test_no_test_is_named_after_a_row_that_does_not_apply() -> None:
    applying = {row.number for row in ROWS if row.has_test}

    assert {name: test.numbers for name, test in TESTS.items() if not applying.issuperset(test.numbers)} == {}


def test_the_stored_results_are_those_of_the_tests_there_are() -> None:
    for daemon in RESULTS:
        assert {name.partition("[")[0] for name in read_results(daemon).by_test} == set(TESTS), daemon


def test_hahub_meets_every_row() -> None:
    results = read_results("hahub").by_test

    assert {name: found for name, found in results.items() if found and not found.startswith(NOT_YET)} == {}


def test_keepalived_deviates_where_its_rows_say_so() -> None:
    results = read_results("keepalived")

    def deviates(row: Requirement) -> bool:
        return any(found for test in named_after(row, TESTS) for found in results.findings(test.name))

    assert [row.name for row in ROWS if deviates(row)] == [row.name for row in ROWS if row.deviates]


def test_the_page_is_up_to_date() -> None:
    made = render(SECTIONS, TESTS, read_results("hahub"), read_results("keepalived"))

    assert DOCUMENT.read_text() == made, "docs/conformance.md is out of step: python -m tests.conformance"
