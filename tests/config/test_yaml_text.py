"""hahub.yaml text -> plain data, and where each part stood."""

import pytest

from hahub.config.problems import Place, format_problem
from hahub.config.yaml_text import core_value, parse_yaml


@pytest.mark.parametrize(
    ("line", "keyword", "value"),
    [
        pytest.param("router_id: 010", "router_id", "010", id="a text keeps its zero"),
        pytest.param("router_id: no", "router_id", "no", id="no is a word"),
        pytest.param("router_id: 1:30", "router_id", "1:30", id="no base 60"),
        pytest.param("router_id: 'a # b'", "router_id", "a # b", id="quotes"),
        pytest.param("smtp_alert: true", "smtp_alert", "true", id="a flag"),
        pytest.param("smtp_server: mail 26", "smtp_server", "mail 26", id="a line in words"),
        pytest.param("smtp_server: {host: mail}", "smtp_server", {"host": "mail"}, id="a line as mapping"),
        pytest.param("notification_email: [a@b, c@d]", "notification_email", ["a@b", "c@d"], id="items"),
    ],
)
def test_a_value_stays_the_text_it_was_written_as(line: str, keyword: str, value: object) -> None:
    document = parse_yaml(f"global_defs:\n  {line}\n", "a.yaml")

    assert document.data == {"global_defs": {keyword: value}}
    assert document.problems == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("False", False), ("null", None), ("", None), ("~", None),
        ("no", "no"), ("on", "on"), ("off", "off"), ("yes", "yes"), ("y", "y"),
        ("010", 10), ("-7", -7), ("+7", 7), ("0o17", 15), ("0x1F", 31), ("1_000", "1_000"),
        ("1:30", "1:30"), ("22:22", "22:22"), ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5),
        (".nan", ".nan"), (".inf", ".inf"), ("1e999", "1e999"), ("9" * 30, "9" * 30), ("2026-11-24", "2026-11-24"),
    ],
)  # fmt: skip
def test_a_plain_scalar_of_a_plugin_follows_yaml_1_2(text: str, value: object) -> None:
    assert core_value(text) == value
    assert type(core_value(text)) is type(value)


def test_each_value_remembers_its_place() -> None:
    document = parse_yaml("vrrp_instance:\n  ä:  # name\n    track_script: [a, {name: b, weight: 2}]\n", "a.yaml")

    path = ("vrrp_instance", "ä")
    assert document.place(path, key=True) == Place("a.yaml", 2, 3)
    assert document.place((*path, "track_script", 0)) == Place("a.yaml", 3, 20)
    assert document.place((*path, "track_script", 1, "weight")) == Place("a.yaml", 3, 41)


def test_anchors_are_followed() -> None:
    document = parse_yaml("vrrp_instance:\n  a: &x {priority: 7}\n  b: *x\n", "a.yaml")

    assert document.data == {"vrrp_instance": {"a": {"priority": "7"}, "b": {"priority": "7"}}}


def test_only_line_feeds_end_lines() -> None:
    document = parse_yaml("\ufeffglobal_defs:  # \u2028 \x85\r\n  router: 1\n", "a.yaml")

    assert [format_problem(p) for p in document.problems] == [
        "a.yaml:2:3: global_defs: unknown keyword router, expected one of the keywords of global_defs;"
        " did you mean router_id"
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("a: 'x", ["a.yaml:1:6: found unexpected end of stream, in YAML"], id="an open quote"),
        pytest.param(
            "a:\n\t- b",
            ["a.yaml:2:1: found character that cannot start any token, in YAML"],
            id="a tab",
        ),
        pytest.param("é: \x00", ["a.yaml:1:4: a character that YAML does not allow, in YAML"], id="control"),
        pytest.param("- a\n", ["a.yaml:1:1: no mapping, expected keywords such as vrrp_instance:"], id="a list"),
        pytest.param("hub: {}\n---\nhub: {}", ["a.yaml:2:1: a second document, expected one, in YAML"], id="two"),
        pytest.param("hub: !x {}", ["a.yaml:1:6: a tag, expected a plain value, in YAML"], id="a tag"),
        pytest.param(
            "hub: *x", ["a.yaml:1:6: an alias of an anchor that is not complete before it, in YAML"], id="a lost alias"
        ),
        pytest.param(
            "hub: &x {a: *x}",
            ["a.yaml:1:13: an alias of an anchor that is not complete before it, in YAML"],
            id="an alias inside its anchor",
        ),
        pytest.param(
            "? [a]\n: b",
            ["a.yaml:1:3: a key that is a collection, expected a keyword or a name, in YAML"],
            id="list key",
        ),
        pytest.param(
            "hub: {}\nhub: {}", ["a.yaml:2:1: duplicate key hub, first at a.yaml:1:1"], id="a key twice"
        ),
        pytest.param(
            "hub:\n  user: [x]\n  stop_grace:\nchannels: x\nvrrp_instance:\n  a: b\n  c:\n    virtual_ipaddress: x\n",
            [
                "a.yaml:2:9: hub: user has a list, expected one value",
                "a.yaml:3:14: hub: stop_grace has nothing, expected a value",
                "a.yaml:4:11: channels has one value, expected a mapping of names",
                "a.yaml:6:6: vrrp_instance a: a has one value, expected a mapping of keywords",
                "a.yaml:8:24: vrrp_instance c: virtual_ipaddress has one value, expected a list",
            ],
            id="the wrong kind of node",
        ),
        pytest.param("[" * 500, ["a.yaml:1:41: more than 40 levels of nesting, in YAML"], id="deep in flow"),
        pytest.param("- " * 500, ["a.yaml:1:81: more than 40 levels of nesting, in YAML"], id="deep in blocks"),
        pytest.param(
            "a: &a [1,1,1,1,1,1,1,1,1]\n"
            + "".join(f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdef", "bcdefg", strict=True)),
            ["a.yaml:5:4: more than 200000 values, in YAML"],
            id="a billion laughs",
        ),
    ],
)  # fmt: skip
def test_what_is_no_yaml_of_ours_is_told_with_its_place(text: str, lines: list[str]) -> None:
    document = parse_yaml(text, "a.yaml")

    assert [format_problem(problem) for problem in document.problems] == lines


@pytest.mark.parametrize("text", ["[" * 100_000, "{" * 100_000, "- " * 100_000, "? " * 100_000])
def test_the_deepest_nesting_is_one_problem_with_a_place(text: str) -> None:
    """PyYAML 6.0.4 has a limit of its own, which may come before ours; earlier versions have none."""
    document = parse_yaml(text, "a.yaml")

    (problem,) = document.problems
    assert "nesting" in problem.message
    assert (problem.file, problem.line) == ("a.yaml", 1)
