"""``auth_hmac``: lines of both languages -> settings, keys out of files and the environment, and what is wrong."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hahub.config import Loaded
from hahub.config.document import merge
from hahub.config.host import Host
from hahub.config.load import complete, parse
from hahub.settings import HmacKey, HmacSettings
from tests.config.test_families import HEAD

Load = Callable[..., Loaded]
Lines = Callable[..., list[str]]
HEX = "hex:" + bytes(range(32)).hex()
TEXT = "correct horse battery staple, 32"
V = "vrrp_instance VI_1: "


def conf(block: str, *, lines: str = "", defs: str = "") -> str:
    return f"global_defs {{\n{defs}\n}}\n{HEAD}no_virtual_ipaddress\n{lines}\nauth_hmac {{\n{block}\n}}\n}}\n"


def hmac_of(found: Loaded) -> HmacSettings | None:
    assert found.settings is not None, found.problems
    (instance,) = found.settings.core.instances
    assert instance.auth_pass is None
    return instance.auth_hmac


def test_both_languages_have_several_keys(loaded: Load) -> None:
    text = conf(f'key 1 {HEX}\nkey 200 "{TEXT}"\nactive_key 200\ntime_window 9\nmode permissive')
    yaml = f"""
vrrp_instance:
  VI_1:
    interface: eth0
    virtual_router_id: 51
    no_virtual_ipaddress: true
    auth_hmac:
      key: [1 {HEX}, {{id: 200, value: "{TEXT}"}}]
      active_key: 200
      time_window: 9
      mode: permissive
"""
    first, second = loaded(("a.conf", text)), loaded(("a.yaml", yaml))

    assert first.problems == second.problems == ()
    assert first.settings == second.settings
    keys = (HmacKey(1, bytes(range(32))), HmacKey(200, TEXT.encode()))
    assert hmac_of(first) == HmacSettings(keys, 200, time_window=9, required=False)


@pytest.mark.parametrize(
    ("lines", "block", "expected"),
    [
        pytest.param("", "", {}, id="defaults"),
        pytest.param("advert_int 4", "", {"time_window": 12}, id="the window follows the interval"),
        pytest.param("advert_int 200", "", {"time_window": 300}, id="up to a limit"),
        pytest.param("version 3\nadvert_int 0.1", "", {}, id="and down to one"),
        pytest.param("", "anti_replay monotonic", {"time_window": 0}, id="without a window"),
        pytest.param("", "mode receive-only", {"required": False, "signs": False}, id="receive-only"),
        pytest.param("", "mode enforce\nanti_replay time", {}, id="the defaults in words"),
    ],
)
def test_a_block_is_completed(loaded: Load, lines: str, block: str, expected: dict[str, Any]) -> None:
    found = loaded(("a.conf", conf(f"key 7 {HEX}\nactive_key 7\n{block}", lines=lines)))

    assert found.problems == ()
    assert hmac_of(found) == HmacSettings((HmacKey(7, bytes(range(32))),), 7, **expected)


def test_a_key_can_stand_in_the_environment_and_in_a_file(host: Host) -> None:
    machine = replace(host, environ={"VRRP_KEY": TEXT}, read_secret={"/keys/vrrp": HEX}.__getitem__)
    text = conf("key 1 env:VRRP_KEY\nkey 2 file:/keys/vrrp\nactive_key 2")

    found = complete(merge([parse(text.encode(), "a.conf")]), (), machine)

    assert hmac_of(found) == HmacSettings((HmacKey(1, TEXT.encode()), HmacKey(2, bytes(range(32)))), 2)
    assert found.settings is not None
    assert found.settings.parent.secret_variables == ("VRRP_KEY",)
    assert TEXT not in repr(found)


BLOCK = 9
"""The line in which the block begins."""


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        pytest.param(
            f"key 1 {TEXT}\nactive_key 1",
            [
                f"10:15: {V}key has an unexpected word, expected no more than a number and a key",
                f"11:12: {V}auth_hmac active_key 1 is none of its keys",
            ],
            id="blanks without quotes",
        ),
        pytest.param(
            'key 1 "too short"\nactive_key 1',
            [f"10:7: {V}auth_hmac key 1 has 9 bytes, expected 32 to 64"],
            id="too short",
        ),
        pytest.param(
            f"key 1 hex:{'00' * 65}\nactive_key 1",
            [f"10:7: {V}auth_hmac key 1 has 65 bytes, expected 32 to 64"],
            id="too long",
        ),
        pytest.param(
            f"key 1 {HEX}z\nactive_key 1",
            [f"10:7: {V}auth_hmac key 1 is not hexadecimal behind hex:, expected pairs of 0-9 and a-f"],
            id="not hexadecimal",
        ),
        pytest.param(
            "key 1 env:NOTHING\nactive_key 1",
            [f"10:7: {V}auth_hmac key 1 env:NOTHING is not set, expected a value in the environment"],
            id="an empty reference",
        ),
        pytest.param(
            f"key 1 {HEX}\nkey 1 {HEX}\nactive_key 1",
            [f"11:5: {V}auth_hmac key 1 is there twice"],
            id="a key twice",
        ),
        pytest.param(
            f"key 1 {HEX}\nactive_key 2", [f"11:12: {V}auth_hmac active_key 2 is none of its keys"], id="no such key"
        ),
        pytest.param(f"key 1 {HEX}", [f"9:1: {V}auth_hmac active_key is missing"], id="no active key"),
        pytest.param("active_key 1", [f"9:1: {V}auth_hmac key is missing"], id="no key"),
        pytest.param(
            f"key 256 {HEX}\nactive_key 1", [f"10:5: {V}auth_hmac key 256 is outside 1-255"], id="a number too large"
        ),
        pytest.param(
            f"key 1 {HEX}\nactive_key 1\nmode strict\nanti_replay never\ntime_window 301",
            [
                f"12:6: {V}auth_hmac mode 'strict' is unknown, expected enforce, permissive or receive-only",
                f"13:13: {V}auth_hmac anti_replay 'never' is unknown, expected time or monotonic",
                f"14:13: {V}auth_hmac time_window 301 is outside 1-300",
            ],
            id="unknown words",
        ),
        pytest.param(
            f"key 1 {HEX}\nactive_key 1\nanti_replay monotonic\ntime_window 9",
            [f"13:13: warning: {V}auth_hmac time_window has no effect with anti_replay monotonic"],
            id="a window without time",
        ),
        pytest.param(
            f"key 1 {HEX}\nactive_key 1\nky 2 {HEX}",
            [f"12:1: {V}unknown keyword, expected one of the keywords of auth_hmac; did you mean key"],
            id="a misspelt key",
        ),
    ],
)
def test_what_is_wrong_is_told_without_the_key(problem_lines: Lines, block: str, expected: list[str]) -> None:
    found = problem_lines(conf(block))

    assert found == [f"a.conf:{line}" for line in expected]
    assert "000102" not in str(found)


def test_it_stands_for_all_other_authentication(problem_lines: Lines, loaded: Load) -> None:
    other = "authentication {\nauth_type AH\nauth_pass x\n}"
    text = conf(f"key 1 {HEX}\nactive_key 1", lines=other)

    assert problem_lines(text) == [f"a.conf:8:1: warning: {V}authentication is ignored, there is auth_hmac"]
    assert hmac_of(loaded(("a.conf", text))) is not None


def test_strict_mode_wants_it_enforced(loaded: Load) -> None:
    lines = "virtual_ipaddress {\n10.0.0.1\n}\nstrict_mode"
    text = conf(f"key 1 {HEX}\nactive_key 1\nmode permissive", lines=lines).replace("no_virtual_ipaddress\n", "")

    found = loaded(("a.conf", text))

    assert [p.message for p in found.problems] == ["auth_hmac mode permissive counts as enforce with strict_mode"]
    hmac = hmac_of(found)
    assert hmac is not None
    assert hmac.required


def test_one_address_less_fits_over_ipv6(problem_lines: Lines) -> None:
    """VR-010."""
    addresses = "\n".join(f"fe80::{n:x}" for n in range(1, 90))
    lines = f"virtual_ipaddress {{\n{addresses}\n}}"

    found = problem_lines(conf(f"key 1 {HEX}\nactive_key 1", lines=lines).replace("no_virtual_ipaddress\n", ""))

    assert ["at most 88 fit into an advert" in line for line in found] == [True]
