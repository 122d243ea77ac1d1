"""keepalived.conf text -> plain data, and where each part stood."""

import pytest

from hahub.config.keepalived import parse_keepalived
from hahub.config.problems import Place, format_problem

CHECK = {"chk": {"script": "/bin/true", "interval": "2"}}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("vrrp_script chk {\n script /bin/true\n interval 2\n}\n", id="as usual"),
        pytest.param("vrrp_script chk{\n script /bin/true\n interval 2\n}\n", id="brace glued to its word"),
        pytest.param("vrrp_script chk\n\n{\nscript /bin/true\ninterval 2\n}\n", id="brace on a later line"),
        pytest.param("vrrp_script chk\n! why\n{\nscript /bin/true\ninterval 2\n}", id="comment before the brace"),
        pytest.param("vrrp_script chk {\r\n script /bin/true\r\n interval 2\r\n}\r\n", id="CRLF"),
        pytest.param("\ufeffvrrp_script chk {\n script /bin/true\n interval 2\n}\n", id="byte order mark"),
        pytest.param("vrrp_script chk {\n script /bin/true\n interval 2\n}", id="no final line end"),
        pytest.param("vrrp_script chk { script /bin/true\n interval 2 }", id="keywords beside the braces"),
        pytest.param("vrrp_script chk {# a\n script /bin/true!b\n interval 2 # c\n}!d", id="comments everywhere"),
        pytest.param('"vrrp_script" "chk" {\n script "/bin/true"\n interval 2\n}', id="quotes"),
        pytest.param("vrrp_script chk {\n script '/bin/true'\n interval 2\n}", id="single quotes of a command"),
        pytest.param("\t vrrp_script\tchk\t{\n\tscript\t/bin/true\n\tinterval\t2\n}", id="tabs"),
        pytest.param("virtual_server x {\n y { z }\n}\nvrrp_script chk {\nscript /bin/true\ninterval 2\n}", id="LVS"),
    ],
)
def test_the_same_block_is_read_from_every_way_to_write_it(text: str) -> None:
    document = parse_keepalived(text, "a.conf")

    assert document.data == {"vrrp_script": CHECK}
    assert [p for p in document.problems if p.severity == "error"] == []


@pytest.mark.parametrize(
    ("line", "keyword", "value"),
    [
        pytest.param("router_id a\\!b\\#c", "router_id", "a!b#c", id="an escaped comment sign"),
        pytest.param('router_id "a b#c!d"', "router_id", "a b#c!d", id="a quoted comment sign"),
        pytest.param('router_id "a\\b"', "router_id", "a\\b", id="a backslash in quotes stays"),
        pytest.param("router_id it's", "router_id", "it's", id="a single quote outside commands stays"),
        pytest.param("router_id $X", "router_id", "$X", id="an undefined variable stays"),
        pytest.param("smtp_alert", "smtp_alert", True, id="a flag alone is true"),
        pytest.param("smtp_alert off", "smtp_alert", "off", id="a flag with its word"),
        pytest.param("smtp_server h 26", "smtp_server", {"host": "h", "port": "26"}, id="two words"),
        pytest.param("script_user u g", "script_user", {"user": "u", "group": "g"}, id="user and group"),
        pytest.param(
            'notify_fifo_script "/a/b.sh c" root',
            "notify_fifo_script",
            {"command": "/a/b.sh c", "user": "root"},
            id="command and user",
        ),
        pytest.param(
            r'notify_fifo_script "/a x\\ty \"q\""',
            "notify_fifo_script",
            {"command": '/a x\\ty "q"'},
            id="escapes of a command are taken once here and once when it is split",
        ),
        pytest.param("notification_email { a@b\n c@d e@f }", "notification_email", ["a@b", "c@d", "e@f"], id="items"),
        pytest.param("notification_email { }\n", "notification_email", [], id="no items"),
    ],
)
def test_a_keyword_is_read_by_its_form(line: str, keyword: str, value: object) -> None:
    document = parse_keepalived(f"global_defs {{\n {line}\n}}\n", "a.conf")

    assert document.data == {"global_defs": {keyword: value}}
    assert document.problems == []


def test_addresses_and_tracked_scripts_keep_their_words() -> None:
    text = """
vrrp_instance VI_1 {
    virtual_ipaddress {
        10.0.0.1/24 dev eth0 label eth0:1 brd + scope link
        10.0.0.2
    }
    virtual_ipaddress {
        10.0.0.3
    }
    track_script {
        a
        b weight -3 reverse
    }
}
"""

    document = parse_keepalived(text, "a.conf")

    first = {"address": "10.0.0.1/24", "dev": "eth0", "label": "eth0:1", "brd": "+", "scope": "link"}
    assert document.data["vrrp_instance"]["VI_1"] == {
        "virtual_ipaddress": [first, {"address": "10.0.0.2"}, {"address": "10.0.0.3"}],
        "track_script": [{"name": "a"}, {"name": "b", "weight": "-3", "reverse": True}],
    }
    assert document.problems == []


def test_each_value_remembers_its_place() -> None:
    text = "vrrp_instance VI_1 {\n  priority   100\n  track_script {\n   chk weight  2\n  }\n}\n"

    document = parse_keepalived(text, "a.conf")

    name = ("vrrp_instance", "VI_1")
    assert document.place(name, key=True) == Place("a.conf", 1, 15)
    assert document.place((*name, "priority")) == Place("a.conf", 2, 14)
    assert document.place((*name, "priority"), key=True) == Place("a.conf", 2, 3)
    assert document.place((*name, "track_script", 0, "weight")) == Place("a.conf", 4, 16)
    assert document.place((*name, "track_script", 0, "other")) == Place("a.conf", 4, 4)
    assert document.place(("hub",)) == Place("a.conf", 1, 1)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("}", ["a.conf:1:1: unexpected '}', no block is open"], id="a brace too many"),
        pytest.param(
            "global_defs {\n router_id a\n", ["a.conf:1:13: '{' is not closed, expected '}'"], id="a brace too few"
        ),
        pytest.param("\n {\n}", ["a.conf:2:2: unexpected '{', expected a keyword before it"], id="no keyword"),
        pytest.param(
            'global_defs {\n router_id "a\n}', [
                "a.conf:2:2: global_defs: router_id has no value",
                'a.conf:2:12: the quote " is not closed on its line',
            ], id="an open quote",
        ),
        pytest.param("global_defs\n", ["a.conf:1:1: global_defs has no block, expected '{'"], id="no block"),
        pytest.param("vrrp_script {\n}", ["a.conf:1:1: vrrp_script has no name"], id="no name"),
        pytest.param(
            "vrrp_script a {\n}\nvrrp_script a {\n}",
            ["a.conf:3:13: vrrp_script a: vrrp_script a is defined already, at a.conf:1:13"],
            id="the same name twice",
        ),
        pytest.param(
            "vrrp_script a b {\n}",
            ["a.conf:1:15: warning: vrrp_script a: the rest of the line after vrrp_script and its value is ignored"],
            id="two names",
        ),
        pytest.param(
            "vrrp_script a {\n script /bin/x y\n interval\n rise 2 {\n }\n}",
            [
                "a.conf:2:16: warning: vrrp_script a: the rest of the line after script and its value is ignored;"
                " quote the command together with its arguments",
                "a.conf:3:2: vrrp_script a: interval has no value",
                "a.conf:4:9: vrrp_script a: rise takes no block, unexpected '{'",
            ],
            id="too much and too little",
        ),
        pytest.param(
            "vrrp_script a {\n rise 2\n rise 3\n}",
            ["a.conf:3:2: warning: vrrp_script a: rise is given already, at a.conf:2:2; the last one counts"],
            id="a keyword twice",
        ),
        pytest.param(
            "vrrp_instance a {\n notify /a\n notify /b\n}",
            ["a.conf:3:2: vrrp_instance a: notify is given already, at a.conf:2:2"],
            id="a script twice",
        ),
        pytest.param(
            "include /etc/keepalived/*.conf\n$X=1\n@main global_defs {\n}\n~SEQ(n, 1, 3) x\n",
            [
                "a.conf:1:1: include is understood, not supported yet",
                "a.conf:2:1: a variable $NAME is understood, not supported yet",
                "a.conf:3:1: a condition @id is understood, not supported yet",
                "a.conf:5:1: a repetition ~SEQ or ~LST is understood, not supported yet",
            ],
            id="language beyond keywords",
        ),
        pytest.param(
            "global_defs {\n router_id ${_ENV X}\n include x\n}",
            [
                "a.conf:2:12: global_defs: a variable ${NAME} is understood, not supported yet",
                "a.conf:3:2: global_defs: include is understood, not supported yet",
            ],
            id="language inside a block",
        ),
        pytest.param(
            "virtual_server 10.0.0.1 80 {\n real_server 10.0.0.2 80 {\n weight 1\n }\n}\nvirtual_server x {\n}",
            ["a.conf:1:1: note: virtual_server is ignored, it has no influence on VRRP in hahub"],
            id="LVS is told once",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_place(text: str, lines: list[str]) -> None:
    document = parse_keepalived(text, "a.conf")

    problems = sorted(document.problems, key=lambda p: (p.line, p.column))
    assert [format_problem(problem) for problem in problems] == lines


def test_a_password_cut_by_a_comment_sign_is_told() -> None:
    text = "vrrp_instance a {\n authentication {\n auth_pass hunter#2\n }\n}"

    document = parse_keepalived(text, "a.conf")

    assert [format_problem(problem) for problem in document.problems] == [
        "a.conf:3:12: warning: vrrp_instance a: auth_pass ends where a comment begins,"
        " expected quotes around a value with # or !"
    ]


def test_nesting_without_end_is_read_without_recursion() -> None:
    document = parse_keepalived("a {\n" * 100_000, "a.conf")

    assert document.problems[0].message == "'{' is not closed, expected '}'"
