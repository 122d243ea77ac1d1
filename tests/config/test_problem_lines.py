"""What is said about wrong values and combinations: whole lines, the same for both languages."""

from collections.abc import Callable

import pytest

Lines = Callable[..., list[str]]

TAIL = " no_virtual_ipaddress\n}\n"
HEAD = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n"
V = "vrrp_instance VI_1: "
NO_BFD = (
    "track_bfd is understood, but hahub does not speak BFD;"
    " a vrrp_script or a track_file can tell what a BFD daemon says"
)


def test_a_complete_file_has_no_problems(problem_lines: Lines) -> None:
    assert problem_lines(HEAD + TAIL) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("priority 300", f"a.conf:4:11: {V}priority 300 is outside 1-255"),
        ("priority 0", f"a.conf:4:11: {V}priority 0 is outside 1-255"),
        ("priority -1", f"a.conf:4:11: {V}priority -1 is outside 1-255"),
        ("priority high", f"a.conf:4:11: {V}priority 'high' is not a whole number, expected 1 to 255"),
        ("priority 1.5", f"a.conf:4:11: {V}priority '1.5' is not a whole number, expected 1 to 255"),
        ("priority 0x10", f"a.conf:4:11: {V}priority '0x10' is not a whole number, expected 1 to 255"),
        ("priority", f"a.conf:4:2: {V}priority has no value"),
        (
            "prioritty 100",
            f"a.conf:4:2: {V}unknown keyword prioritty, expected one of the keywords of vrrp_instance;"
            " did you mean priority",
        ),
        (
            "router_id x",
            f"a.conf:4:2: {V}unknown keyword router_id, expected one of the keywords of vrrp_instance;"
            " router_id belongs into global_defs",
        ),
        ("xyzzy", f"a.conf:4:2: {V}unknown keyword xyzzy, expected one of the keywords of vrrp_instance"),
        ("state SLAVE", f"a.conf:4:8: {V}state 'SLAVE' is unknown, expected MASTER or BACKUP"),
        ("state master", f"a.conf:4:8: {V}state 'master' is unknown, expected MASTER or BACKUP; did you mean MASTER"),
        (
            "state MASTER",
            f"a.conf:4:8: warning: {V}state MASTER without priority means priority 255,"
            " which track_script cannot lower; write the priority",
        ),
        ("version 4", f"a.conf:4:10: {V}version 4 is outside 2-3"),
        ("advert_int 0", f"a.conf:4:13: {V}advert_int 0 is outside 0.01-255 seconds"),
        ("advert_int 1s", f"a.conf:4:13: {V}advert_int '1s' is not a number of seconds, expected 0.01 to 255"),
        (
            "advert_int 1.5",
            f"a.conf:4:13: warning: {V}advert_int 1.5 is used as 2, version 2 has whole seconds",
        ),
        (
            "advert_int 0.1",
            f"a.conf:4:13: warning: {V}advert_int 0.1 is used as 1, version 2 has whole seconds",
        ),
        ("preempt_delay 1001", f"a.conf:4:16: {V}preempt_delay 1001 is outside 0-1000 seconds"),
        (
            "nopreempt\n preempt",
            f"a.conf:4:2: {V}nopreempt contradicts preempt, expected one of them",
        ),
        ("nopreempt maybe", f"a.conf:4:12: {V}nopreempt 'maybe' is neither true nor false,"
         " expected true, on, yes, false, off or no"),
        (
            "nopreempt\n priority 255",
            f"a.conf:4:2: warning: {V}nopreempt has no effect with priority 255; write state BACKUP",
        ),
        (
            "nopreempt\n state MASTER\n priority 100",
            f"a.conf:4:2: warning: {V}nopreempt has no effect with state MASTER; write state BACKUP",
        ),
        (
            "nopreempt\n state MASTER\n priority 100\n authentication {\n auth_type AH\n auth_pass x\n }",
            f"a.conf:5:8: warning: {V}state MASTER has no effect with auth_type AH, which has to listen first;"
            " write state BACKUP",
        ),
        (
            "nopreempt\n preempt_delay 5",
            f"a.conf:5:16: warning: {V}preempt_delay has no effect with nopreempt",
        ),
        (
            "state MASTER\n priority 5\n preempt_delay 5",
            f"a.conf:6:16: warning: {V}preempt_delay has no effect with state MASTER",
        ),
        ("use_vmac a/b", f"a.conf:4:11: {V}use_vmac 'a/b' is not an interface name"),
        ("use_vmac 1:2:3", f"a.conf:4:11: {V}use_vmac mac '1:2:3' is not a MAC,"
         " expected 6 bytes such as 02:00:00:00:00:05, or 5 of them"),
        ("use_vmac 01:2:3:4:5", f"a.conf:4:11: {V}use_vmac mac '01:2:3:4:5' is the MAC of a multicast group"),
        ("use_vmac 0:0:5e:0:1:7", f"a.conf:4:11: {V}use_vmac mac '0:0:5e:0:1:7' is the MAC of a virtual router,"
         " which may be another one's; leave it out"),
        ("use_vmac a b", f"a.conf:4:13: {V}use_vmac has an unexpected word,"
         " expected one of name, group, netlink_notify_msg"),
        ("use_vmac group x", f"a.conf:4:17: {V}use_vmac group 'x' is not an interface group,"
         " expected a name of group or a number up to 2147483647"),
        ("use_vmac vrrp.too.long.name", f"a.conf:4:11: {V}use_vmac 'vrrp.too.long.name' is longer than the 15"
         " characters of an interface name"),
        ("use_vmac eth0", f"a.conf:4:11: {V}use_vmac name 'eth0' is the interface of vrrp_instance VI_1"),
        ("vmac_xmit_base", f"a.conf:4:2: warning: {V}vmac_xmit_base has no effect without use_vmac"),
        ("use_vmac\n unicast_peer {\n 10.0.0.2\n }", f"a.conf:4:2: warning: {V}use_vmac with unicast_peer:"
         " adverts leave by eth0, as with vmac_xmit_base"),
        ("use_vmac\n use_ipvlan 10.0.0.2", f"a.conf:5:13: {V}use_ipvlan contradicts use_vmac, expected one of them"),
        ("use_ipvlan", f"a.conf:4:2: {V}use_ipvlan has no address, expected the one that IPv4 adverts come from"),
        ("track_bfd {\n 10.0.0.1\n }", f"a.conf:4:2: {V}{NO_BFD}"),
        ("track_bfd {\n b1 weight 3\n }", f"a.conf:4:2: {V}{NO_BFD}"),
        (
            "lvs_sync_daemon_interface eth1",
            f"a.conf:4:2: note: {V}lvs_sync_daemon_interface is ignored, it has no influence on VRRP in hahub",
        ),
        ("garp_master_repeat 0", f"a.conf:4:21: {V}garp_master_repeat 0 is outside 1-1000"),
        (
            "notify_master /a/b.sh arg",
            f"a.conf:4:24: warning: {V}notify_master user 'arg' does not exist on this machine;"
            " the words after the command are a user and a group; an argument needs quotes:"
            ' notify_master "/a/b.sh arg"',
        ),
        (
            "notify /a/b.sh root wheel",
            f"a.conf:4:22: warning: {V}notify group 'wheel' does not exist on this machine",
        ),
        (
            "notify /a b c d",
            f"a.conf:4:16: {V}notify has an unexpected word, expected no more than a command, a user and a group;"
            " quote the command together with its arguments",
        ),
        ("notify", f"a.conf:4:2: {V}notify has no command"),
        ('notify ""', f"a.conf:4:9: {V}notify is empty, expected a command"),
        ('notify "/a \'b"', f"a.conf:4:9: {V}notify '/a 'b' has a quote ' that is not closed"),
        (
            "smtp_alert",
            f"a.conf:4:2: warning: {V}smtp_alert sends no mail without smtp_server and notification_email"
            " in global_defs",
        ),
        ("interface eth1", f"a.conf:4:2: warning: {V}interface is given already, at a.conf:2:2; the last one counts"),
        ("authentication", f"a.conf:4:2: {V}authentication has no block, expected '{{'"),
    ],
)  # fmt: skip
def test_a_line_of_an_instance_is_judged(problem_lines: Lines, line: str, expected: str) -> None:
    assert problem_lines(f"{HEAD} {line}\n{TAIL}") == [expected]


@pytest.mark.parametrize(
    "line",
    [
        "smtp_alert off", "strict_mode false", "accept", "preempt", "debug 0", "skip_check_adv_addr",
        "advert_int 255", "garp_master_delay 0", "garp_master_refresh 60", "notify_deleted", "notify /a.sh root www",
        'notify_master "/a.sh arg" web', "preempt_delay 300", "priority 255", "version 3\n advert_int 40.95",
        "version 3\n advert_int 0.01", "nopreempt", "nopreempt on", "dont_track_primary",
    ],
)  # fmt: skip
def test_a_good_line_is_not_judged(problem_lines: Lines, line: str) -> None:
    assert problem_lines(f"{HEAD} {line}\n{TAIL}") == []


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("advert_int 40.96", f"a.conf:5:13: {V}advert_int 40.96 is outside 0.01-40.95 of version 3"),
        (
            "advert_int 1.017",
            f"a.conf:5:13: warning: {V}advert_int 1.017 is used as 1.02, version 3 has hundredths of a second",
        ),
        (
            "authentication {\n auth_type PASS\n auth_pass hunter2\n }",
            f"a.conf:5:2: warning: {V}authentication is ignored, version 3 has none",
        ),
    ],
)
def test_version_3_has_rules_of_its_own(problem_lines: Lines, lines: str, expected: str) -> None:
    assert problem_lines(f"{HEAD} version 3\n {lines}\n{TAIL}") == [expected]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("auth_pass hunter2", [f"a.conf:4:2: {V}authentication auth_type is missing"]),
        ("auth_type PASS", [f"a.conf:4:2: {V}authentication auth_pass is missing"]),
        ("auth_type AH\n auth_pass hunter2", []),
        (
            "auth_type NONE\n auth_pass hunter2",
            [f"a.conf:5:12: {V}authentication auth_type 'NONE' is unknown, expected PASS or AH"],
        ),
        (
            "auth_type ah\n auth_pass hunter2",
            [f"a.conf:5:12: {V}authentication auth_type 'ah' is unknown, expected PASS or AH; did you mean AH"],
        ),
        (
            "auth_type PASS\n auth_pass hunter2hunter2",
            [
                f"a.conf:6:12: warning: {V}authentication auth_pass has 14 bytes, only the first 8 are used",
            ],
        ),
        ('auth_type PASS\n auth_pass ""', [f"a.conf:6:12: {V}authentication auth_pass is empty"]),
        (
            "auth_type PASS\n auth_pass\n hunter2",
            [
                f"a.conf:6:2: {V}auth_pass has no value",
                f"a.conf:7:2: {V}unknown keyword, expected one of the keywords of authentication",
            ],
        ),
        (
            "auth_type PASS auth_pass hunter2\n auth_pas hunter2",
            [
                f"a.conf:4:2: {V}authentication auth_pass is missing",
                f"a.conf:5:17: warning: {V}the rest of the line after auth_type and its value is ignored",
                f"a.conf:6:2: {V}unknown keyword, expected one of the keywords of authentication;"
                " did you mean auth_pass",
            ],
        ),
        (
            "auth_type PASS\n auth_pass a}hunter2",
            [
                f"a.conf:1:15: warning: {V}virtual_ipaddress is missing, no address moves with this instance",
                f"a.conf:6:14: {V}unknown keyword, expected one of the keywords of vrrp_instance",
                "a.conf:8:2: unknown keyword no_virtual_ipaddress, expected one of the keywords of the file;"
                " no_virtual_ipaddress belongs into vrrp_instance",
                "a.conf:9:1: unexpected '}', no block is open",
            ],
        ),
    ],
)
def test_authentication_is_judged_without_its_password(problem_lines: Lines, lines: str, expected: list[str]) -> None:
    found = problem_lines(f"{HEAD} authentication {{\n {lines}\n }}\n{TAIL}")

    assert found == expected
    assert "hunter" not in "".join(found)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("10.0.0.300", "5:2: {V}virtual_ipaddress '10.0.0.300' is not an IPv4 or IPv6 address"),
        ("2001:db8::g", "5:2: {V}virtual_ipaddress '2001:db8::g' is not an IPv4 or IPv6 address"),
        ("fe80::1%eth0", "5:2: {V}virtual_ipaddress 'fe80::1%eth0' is not an address that an interface can have"),
        ("::1", "5:2: {V}virtual_ipaddress '::1' is not an address that a host can have"),
        ("fe80::1/129", "5:2: {V}virtual_ipaddress 'fe80::1/129' has a wrong prefix length, expected /0 to /128"),
        ("fe80::1 label eth0:x", "5:16: warning: {V}virtual_ipaddress label has no effect, IPv6 addresses have none"),
        ("fe80::1 brd +", "5:14: {V}virtual_ipaddress brd is for IPv4 addresses only"),
        ("10.0.0.1/33", "5:2: {V}virtual_ipaddress '10.0.0.1/33' has a wrong prefix length, expected /0 to /32"),
        ("10.0.0.1/", "5:2: {V}virtual_ipaddress '10.0.0.1/' has a wrong prefix length, expected /0 to /32"),
        ("224.0.0.18", "5:2: {V}virtual_ipaddress '224.0.0.18/32' is a multicast group, expected autojoin behind it"),
        ("10.0.0.1 autojoin", "5:2: {V}virtual_ipaddress autojoin is for multicast groups, and '10.0.0.1/32' is none"),
        ("10.0.0.1 peer 224.0.0.1", "5:16: {V}virtual_ipaddress peer '224.0.0.1' is not an address that a host"
         " can have"),
        ("10.0.0.1 10.0.0.2", "5:11: {V}virtual_ipaddress has an unexpected word,"
         " expected one of dev, label, scope, brd, broadcast, peer, preferred_lft, track_group, noprefixroute,"
         " autojoin, no_track, -nodad, home, mngtmpaddr, use_vmac"),
        ("10.0.0.1 dev", "5:11: {V}virtual_ipaddress dev needs a value"),
        ("10.0.0.1 dev eth0 dev eth1", "5:24: {V}virtual_ipaddress dev is given twice"),
        ("10.0.0.1 dev a/b", "5:15: {V}virtual_ipaddress dev 'a/b' is not an interface name"),
        ("10.0.0.1 dev abcdefghijklmnop", "5:15: {V}virtual_ipaddress dev 'abcdefghijklmnop' is longer than"
         " the 15 characters of an interface name"),
        ("10.0.0.1 scope mars", "5:17: {V}virtual_ipaddress scope 'mars' is not a scope, expected global, site,"
         " link, host, nowhere, a name of rt_scopes or a number up to 255"),
        ("10.0.0.1 label web", "5:17: warning: {V}virtual_ipaddress label 'web' does not begin with eth0:,"
         " old programs do not find it"),
        ("10.0.0.1 label eth0:0123456789a", "5:17: {V}virtual_ipaddress label 'eth0:0123456789a' is longer than"
         " 15 characters"),
        ("10.0.0.1 brd +", "5:15: warning: {V}virtual_ipaddress brd + has no effect with a prefix length above 30"),
        ("10.0.0.1 peer 10.0.0.2 brd 10.0.0.3", "5:29: warning: {V}virtual_ipaddress brd has no effect,"
         " a point-to-point link has no broadcast"),
        ("10.0.0.1 home", "5:11: warning: {V}virtual_ipaddress home has no effect, it is for IPv6 addresses"),
        ("fe80::1 mngtmpaddr", "5:10: {V}virtual_ipaddress mngtmpaddr needs a prefix length of 64"),
        ("10.0.0.1 brd x", "5:15: {V}virtual_ipaddress brd 'x' is not an IPv4 address, + or -"),
        ("10.0.0.1 peer x", "5:16: {V}virtual_ipaddress peer 'x' is not an IPv4 or IPv6 address"),
        ("10.0.0.1 preferred_lft -1", "5:25: {V}virtual_ipaddress preferred_lft '-1' is not a lifetime,"
         " expected whole seconds or forever"),
        ("10.0.0.1\n 10.0.0.1/24", "6:2: warning: {V}virtual_ipaddress 10.0.0.1 is there twice,"
         " the second is ignored"),
        ("{ 10.0.0.1 }", "5:2: unexpected '{', expected a keyword before it"),
    ],
)  # fmt: skip
def test_an_address_is_judged(problem_lines: Lines, line: str, expected: str) -> None:
    found = problem_lines(f"{HEAD} virtual_ipaddress {{\n {line}\n }}\n}}\n")

    assert found[0] == "a.conf:" + expected.replace("{V}", V)


def test_more_addresses_than_a_byte_can_count_are_an_error(problem_lines: Lines) -> None:
    lines = "".join(f"10.0.{n // 250}.{n % 250 + 1}\n" for n in range(256))

    found = problem_lines(f"{HEAD} virtual_ipaddress {{\n{lines} }}\n}}\n")

    assert found == [f"a.conf:4:2: {V}virtual_ipaddress has 256 addresses, expected at most 255"]


def test_what_is_missing_is_told_at_its_block(problem_lines: Lines) -> None:
    assert problem_lines("vrrp_instance VI_1 {\n}\n") == [
        f"a.conf:1:15: {V}interface is missing",
        f"a.conf:1:15: {V}virtual_router_id is missing",
    ]
    assert problem_lines(HEAD + "}\n") == [
        f"a.conf:1:15: warning: {V}virtual_ipaddress is missing, no address moves with this instance"
    ]


def test_a_virtual_router_id_is_given_once_per_interface(problem_lines: Lines) -> None:
    text = HEAD + TAIL + (HEAD + TAIL).replace("VI_1", "VI_2")
    text += (HEAD + TAIL).replace("VI_1", "VI_3").replace("eth0", "eth1")

    assert problem_lines(text) == [
        "a.conf:8:20: vrrp_instance VI_2: virtual_router_id 51 on interface eth0 belongs to vrrp_instance VI_1 already"
    ]


SCRIPT = "vrrp_script chk {\n script /bin/true\n}\n"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("script /bin/true\n weight 300", ["3:9: weight 300 is outside -253 to 253"]),
        ("script /bin/true\n weight 2 backwards", ["3:11: weight has an unexpected word,"
         " expected one of reverse, noreverse"]),
        ("script /bin/true\n rise 0", ["3:7: rise 0 is outside 1-1000000"]),
        ("script /bin/true\n interval 0", ["3:11: interval 0 is outside 0.001-86400 seconds"]),
        ("script /bin/true\n user nobody2", ["3:7: warning: user 'nobody2' does not exist on this machine"]),
        ("interval 1", ["1:13: script is missing"]),
        ("script /bin/true\n raise 2", ["3:2: unknown keyword raise, expected one of the keywords of vrrp_script;"
         " did you mean rise"]),
        ("script </dev/tcp/1/2", ["2:9: script '</dev/tcp/1/2' is understood, not supported yet;"
         " a script can open the file by itself"]),
    ],
)  # fmt: skip
def test_a_script_is_judged(problem_lines: Lines, script: str, expected: list[str]) -> None:
    text = f"vrrp_script chk {{\n {script}\n}}\n{HEAD} track_script {{\n chk\n }}\n{TAIL}"

    found = problem_lines(text)

    def line(short: str) -> str:
        place, _, rest = short.partition(": ")
        _, warning, message = rest.rpartition("warning: ")
        return f"a.conf:{place}: {warning}vrrp_script chk: {message}"

    assert found == [line(short) for short in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            f"{HEAD} track_script {{\n  chk\n }}\n{TAIL}",
            [f"a.conf:5:3: {V}track_script 'chk' is unknown, expected the name of a vrrp_script"],
            id="unknown",
        ),
        pytest.param(
            f"{HEAD} track_script {{\n  chk\n }}\n{TAIL}{SCRIPT}",
            [
                f"a.conf:5:3: {V}track_script chk is used before its vrrp_script, at a.conf:9:13;"
                " move the vrrp_script block up, keepalived needs it first"
            ],
            id="defined after its use",
        ),
        pytest.param(
            f"{SCRIPT}{HEAD} track_script {{\n  chk\n  chk\n }}\n{TAIL}",
            [f"a.conf:9:3: warning: {V}track_script chk is there twice, the second is ignored"],
            id="twice",
        ),
        pytest.param(
            SCRIPT + HEAD + TAIL,
            ["a.conf:1:13: warning: vrrp_script chk: vrrp_script chk is tracked by no vrrp_instance, it is not run"],
            id="not tracked",
        ),
        pytest.param(
            f"{SCRIPT}{HEAD} track_script {{\n  chk weight 254\n }}\n{TAIL}",
            [f"a.conf:8:14: {V}track_script weight 254 is outside -253 to 253"],
            id="weight",
        ),
    ],
)
def test_the_use_of_a_script_is_judged(problem_lines: Lines, text: str, expected: list[str]) -> None:
    assert problem_lines(text) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("notify_fifo relative", "3:14: global_defs: notify_fifo 'relative' is not an absolute path of a file"),
        ("notify_fifo_script /a", "3:21: warning: global_defs: notify_fifo_script is not run without notify_fifo"),
        (
            "notify_fifo /a\n vrrp_notify_fifo /a",
            "4:19: warning: global_defs: vrrp_notify_fifo has the path of notify_fifo, it is ignored",
        ),
        ("smtp_server mail 0", "3:19: global_defs: smtp_server port 0 is outside 1-65535"),
        ("smtp_server a b c", "3:18: global_defs: smtp_server has an unexpected word,"
         " expected no more than a host and a port"),
        ("smtp_server", "3:2: global_defs: smtp_server has no host"),
        ("script_user nobody2", "3:14: warning: global_defs:"
         " script_user user 'nobody2' does not exist on this machine"),
        ("router_id", "3:2: global_defs: router_id has no value"),
        ("vrrp_version 1", "3:15: global_defs: vrrp_version 1 is outside 2-3"),
        ("max_auto_priority 50", "3:2: note: global_defs: max_auto_priority is not needed:"
         " the core runs in real time from its start"),
        ("enable_snmp_vrrp", "3:2: note: global_defs: enable_snmp_vrrp is ignored,"
         " it has no influence on VRRP in hahub"),
        (
            "smtp_alert_vrrp",
            "3:2: warning: global_defs: smtp_alert sends no mail without smtp_server and notification_email"
            " in global_defs",
        ),
        (
            "smtp_alert\n smtp_server mail\n notification_email { a@b,c }",
            "5:2: global_defs: notification_email: expected an address such as a@example.org or Name <a@example.org>",
        ),
    ],
)  # fmt: skip
def test_a_line_of_global_defs_is_judged(problem_lines: Lines, line: str, expected: str) -> None:
    (found,) = problem_lines(f"\nglobal_defs {{\n {line}\n}}\n{HEAD}{TAIL}")

    assert found == f"a.conf:{expected}"


def test_yaml_says_the_same_at_its_own_places(problem_lines: Lines) -> None:
    text = """\
hub: {stop_grace: -1, web: 1}
vrrp_script:
  chk: {script: /bin/true, weight: 300}
vrrp_instance:
  VI_1:
    state: SLAVE
    interface: eth0
    virtual_router_id: 0
    prioritty: 100
    use_vmac: false
    track_bfd: [10.0.0.1]
    authentication: {auth_type: PASS, auth_pass: hunter2hunter2}
    virtual_ipaddress: [10.0.0.300, 10.0.0.1 dev, {address: 10.0.0.2, dev: a/b, hose: x}]
    track_script: [{name: nope}]
    notify_master: {command: /a, user: nobody2}
virtual_server: {}
"""

    assert problem_lines(text) == [
        "a.conf:1:19: hub: stop_grace '-1' is not a number of seconds, expected 0 to 3600",
        "a.conf:1:23: hub: unknown keyword web, expected one of the keywords of hub",
        "a.conf:3:36: vrrp_script chk: weight 300 is outside -253 to 253",
        "a.conf:6:12: vrrp_instance VI_1: state 'SLAVE' is unknown, expected MASTER or BACKUP",
        "a.conf:8:24: vrrp_instance VI_1: virtual_router_id 0 is outside 1-255",
        "a.conf:9:5: vrrp_instance VI_1: unknown keyword prioritty, expected one of the keywords of vrrp_instance;"
        " did you mean priority",
        f"a.conf:11:5: vrrp_instance VI_1: {NO_BFD}",
        "a.conf:13:25: vrrp_instance VI_1: virtual_ipaddress '10.0.0.300' is not an IPv4 or IPv6 address",
        "a.conf:13:37: vrrp_instance VI_1: virtual_ipaddress dev needs a value",
        "a.conf:13:76: vrrp_instance VI_1: virtual_ipaddress dev 'a/b' is not an interface name",
        "a.conf:13:81: vrrp_instance VI_1: unknown keyword hose, expected one of the keywords of virtual_ipaddress",
        "a.conf:16:1: note: virtual_server is ignored, it has no influence on VRRP in hahub",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("linkbeat_use_polling", "1:1: note: linkbeat_use_polling is not needed:"
         " the kernel tells when a link goes down"),
        ("net_namespace red", "1:1: net_namespace is understood, not supported yet;"
         " start hahub there: ip netns exec NAME hahub run"),
        ("global_defs {\n umask 022\n}", "2:2: warning: global_defs: umask is not used:"
         " scripts have 022, and a notify FIFO is for its owner alone"),
        ("global_defs {\n no_email_faults\n}", "2:2: warning: global_defs: no_email_faults is not used:"
         " there is mail for FAULT as well"),
        ("global_defs {\n startup_script /bin/true\n}", "2:2: global_defs: startup_script is understood,"
         " not supported yet; systemd runs it as ExecStartPre"),
        ("global_defs {\n reload_check_config\n}", "2:2: note: global_defs: reload_check_config is not needed:"
         " files with errors are never taken at a reload"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said_with_what_is_instead(problem_lines: Lines, text: str, said: str) -> None:
    assert problem_lines(f"{text}\n{HEAD}{TAIL}") == [f"a.conf:{said}"]
