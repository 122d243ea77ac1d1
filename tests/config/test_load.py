"""Files -> settings: the samples, both languages side by side, several files, files that are no text."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hahub.config import Loaded, format_problem, load
from hahub.config.load import is_yaml
from hahub.settings import (
    ChannelSettings,
    CheckScript,
    Command,
    CoreSettings,
    HubSettings,
    InstanceSettings,
    NotifyScripts,
    ParentSettings,
    Settings,
    TrackedInterface,
    TrackedScript,
    VirtualAddress,
)

SAMPLES = Path(__file__).parents[2] / "config"
ARTICLE = SAMPLES / "article"
DATA = Path(__file__).parents[1] / "data" / "config"


def test_the_cluster_of_the_article_loads_as_it_is() -> None:
    loaded = load([ARTICLE / "cluster.conf"], ["global_defs.router_id=server"])

    mail = ChannelSettings(
        name="smtp_alert",
        type="smtp",
        settings={
            "server": "127.0.0.1",
            "port": 25,
            "tls": "none",
            "sender": "root@server",
            "recipients": ["mm_mm@example.com"],
            "connect_timeout": 30.0,
            "timeout": 50.0,
        },
        instances=("VI_1",),
    )
    instance = InstanceSettings(
        name="VI_1",
        interface="eth0",
        virtual_router_id=50,
        auth_pass="password",
        virtual_addresses=(VirtualAddress("10.211.55.11", 32, "eth0"),),
        track_scripts=(TrackedScript("check_nginx", -2),),
        smtp_alert=True,
    )
    check = CheckScript("check_nginx", Command(("/opt/keepalived/etc/script/nginx_check_status.sh",), "root"))
    assert loaded == Loaded(
        Settings(
            core=CoreSettings("server", (instance,)),
            parent=ParentSettings(check_scripts=(check,), notify_scripts=(NotifyScripts("VI_1"),)),
            hub=HubSettings("server", (mail,)),
        ),
        (),
    )
    assert loaded.settings is not None
    assert loaded.settings.core.instances[0].auth_pass == "password"


def test_the_instance_of_the_article_runs_its_scripts_and_mails() -> None:
    loaded = load([ARTICLE / "instance.conf"])

    assert loaded.problems == ()
    assert loaded.settings is not None
    script = Command(("/opt/keepalived/etc/script/notify_fifo.sh",), "root")
    scripts = NotifyScripts("VIP_1", master=script, backup=script, fault=script, any=script)
    assert loaded.settings.parent.notify_scripts == (scripts,)
    (mail,) = loaded.settings.hub.channels
    assert mail.settings["recipients"] == ["sunarmy@example.com", "ops@example.com"]
    assert loaded.settings.core.instances[0].auth_pass == "1111"
    assert loaded.settings.core.node != ""


@pytest.mark.parametrize("name", ["instance", "cluster"])
def test_a_file_of_the_article_equals_its_twin_in_yaml(name: str) -> None:
    conf, yaml = load([ARTICLE / f"{name}.conf"]), load([ARTICLE / f"{name}.yaml"])

    assert conf.settings is not None
    assert conf.settings == yaml.settings
    passwords = [s.core.instances[0].auth_pass for s in (conf.settings, yaml.settings) if s]
    assert passwords[0] == passwords[1]


def test_the_small_sample_loads() -> None:
    assert load([SAMPLES / "keepalived.conf"]).problems == ()


def test_the_large_sample_loads_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAHUB_KEY", "hex:" + "5a" * 32)

    loaded = load([SAMPLES / "keepalived.full.conf"])

    assert loaded.problems == ()
    assert loaded.settings is not None
    assert [each.name for each in loaded.settings.core.instances] == ["outside", "inside", "inside6", "cloud"]


def test_the_sample_in_yaml_lacks_nothing_but_its_secrets() -> None:
    places = [(p.line, p.severity) for p in load([SAMPLES / "hahub.yaml"]).problems]

    lines = (SAMPLES / "hahub.yaml").read_text().split("\n")
    references = [n for n, line in enumerate(lines, 1) if re.search(": (env|file):", line) and line[0] != "#"]
    assert places == [(line, "error") for line in references]


STRICT = DATA / "strict.conf"


def test_files_as_people_have_them_are_understood() -> None:
    found = {path.name: [format_problem(p) for p in load([path]).problems] for path in sorted(DATA.glob("*.conf"))}

    assert found == {
        "lvs.conf": [
            f"{DATA}/lvs.conf:2:1: note: virtual_server_group is ignored, it has no influence on VRRP in hahub",
            f"{DATA}/lvs.conf:12:1: note: virtual_server is ignored, it has no influence on VRRP in hahub",
        ],
        "strict.conf": [
            f"{STRICT}:16:11: warning: vrrp_instance VI_1: state MASTER counts as BACKUP,"
            " only priority 255 begins as MASTER with strict_mode",
            f"{STRICT}:21:5: warning: vrrp_instance VI_1: authentication is ignored, strict_mode has none",
            f"{STRICT}:30:1: note: virtual_server is ignored, it has no influence on VRRP in hahub",
        ],
        "typical.conf": [
            f"{DATA}/typical.conf:13:4: warning: global_defs: enable_script_security has no effect:"
            " nobody checks who may write to the scripts"
        ],
    }


def test_every_keyword_of_a_typical_file_arrives() -> None:
    settings = load([DATA / "typical.conf"]).settings

    assert settings is not None
    addresses = (
        VirtualAddress("198.51.100.5", 24, "eth0.100", "eth0.100:vip", 0, "198.51.100.255"),
        VirtualAddress("198.51.100.6", 32, "eth1", "", 253),
    )
    instance = InstanceSettings(
        name="LAN/eth0.100-a",
        interface="eth0.100",
        virtual_router_id=101,
        priority=150,
        preempt=False,
        auth_pass="p#ss!wd",
        virtual_addresses=addresses,
        track_scripts=(TrackedScript("chk_haproxy", 5),),
        track_interfaces=(TrackedInterface("eth1"),),
        track_primary=False,
        garp_master_delay=10.0,
        skip_check_adv_addr=True,
        notify_deleted=True,
    )
    notify = "/usr/local/bin/notify.sh"
    scripts = NotifyScripts(
        "LAN/eth0.100-a",
        master=Command((notify, "master", "with blanks"), "root"),
        any=Command((notify,), "root"),
    )
    command = Command(("killall", "-0", "haproxy"), "root", "root")
    check = CheckScript("chk_haproxy", command, interval=2.0, rise=2, fall=3)
    assert settings == Settings(
        core=CoreSettings("LB_LEFT", (instance,)),
        parent=ParentSettings(check_scripts=(check,), notify_scripts=(scripts,)),
        hub=HubSettings("LB_LEFT"),
    )


def test_two_files_are_put_together(tmp_path: Path) -> None:
    channels = tmp_path / "anything.txt"
    channels.write_text("hub:\n  stop_grace: 9\nglobal_defs:\n  router_id: other\n")

    loaded = load([ARTICLE / "cluster.conf", channels])

    assert loaded.problems == ()
    assert loaded.settings is not None
    assert loaded.settings.hub.stop_grace == 9
    assert loaded.settings.core.node == "other"
    assert [i.name for i in loaded.settings.core.instances] == ["VI_1"]


def test_what_both_files_say_is_a_problem_of_the_second(loaded: Callable[..., Loaded]) -> None:
    conf = ("a.conf", "vrrp_instance a {\n interface eth0\n virtual_router_id 1\n no_virtual_ipaddress\n}\n")
    yaml = ("b.yaml", "vrrp_instance:\n  a:\n    interface: eth1\n")

    assert [format_problem(p) for p in loaded(conf, yaml).problems] == [
        "b.yaml:2:3: vrrp_instance a: a is defined already, at a.conf:1:15"
    ]


def test_a_file_that_cannot_be_read_is_a_problem_of_its_own(tmp_path: Path) -> None:
    missing, directory = tmp_path / "missing", tmp_path

    loaded = load([missing, directory, ARTICLE / "cluster.conf"])

    assert loaded.settings is None
    assert loaded.unreadable == (missing, directory)
    assert [format_problem(problem) for problem in loaded.problems] == [
        f"{directory}: cannot be read: is a directory",
        f"{missing}: cannot be read: no such file or directory",
    ]


def test_an_empty_file_is_an_error(loaded: Callable[..., Loaded]) -> None:
    for text in ("", "\n", "# nothing\n", "---\n"):
        result = loaded(("a.conf", text))

        assert [format_problem(p) for p in result.problems] == ["a.conf:1:1: no vrrp_instance, nothing to keep alive"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param(b"# \xe4\nhub: {user: \xfc}\n", "1:3: a character that is not UTF-8, in YAML", id="yaml"),
        pytest.param(
            b"vrrp_instance \xe4 {\n interface eth0\n virtual_router_id 1\n no_virtual_ipaddress\n}\n",
            "1:15: vrrp_instance \\udce4: vrrp_instance has a name that is empty, or has quotes or control characters",
            id="a word of keepalived.conf",
        ),
    ],
)
def test_bytes_that_are_no_text_are_told(tmp_path: Path, content: bytes, line: str) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"hub:\n" + content if content.startswith(b"#") else content)
    if content.startswith(b"#"):
        line = "2" + line[1:]

    assert [format_problem(p) for p in load([file]).problems] == [f"{file}:{line}"]


def test_latin_1_in_a_comment_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "a.conf"
    file.write_bytes(b"# Stra\xdfe\n" + (ARTICLE / "cluster.conf").read_bytes())

    assert load([file]).problems == ()


@pytest.mark.parametrize(
    ("text", "yaml"),
    [
        ("! vrrp: x\nglobal_defs {\n", False),
        ("# c\n\n  vrrp_instance:\n", True),
        ("vrrp_instance VI:1 {\n", False),
        ("global_defs{", False),
        ("{hub: {}}", True),
        ("---\n", True),
        ('"hub": {}', True),
        ("router_id x:\n", False),
        ("", False),
    ],
)
def test_the_language_is_told_by_the_first_line_that_says_something(text: str, yaml: bool) -> None:
    assert is_yaml(text) is yaml
