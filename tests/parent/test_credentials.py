"""Who somebody is, and whether we may become them."""

import os
from pathlib import Path

import pytest

from hahub.parent import credentials
from hahub.parent.credentials import Credentials, CredentialsError, Powers

ALL = "Name:\tx\nCapEff:\t000001ffffffffff\n"
WHOLE = "         0          0 4294967295\n"
SINGLE = "         0       1000          1\n"


@pytest.mark.parametrize(
    ("powers", "wanted", "reason"),
    [
        pytest.param(Powers(ALL, WHOLE, WHOLE, "allow\n"), Credentials(65534, 65534), "", id="root"),
        pytest.param(
            Powers("CapEff:\t0000000000000000\n", WHOLE, WHOLE, "allow\n"),
            Credentials(1, 1),
            "CAP_SETUID and CAP_SETGID are not available",
            id="an ordinary user",
        ),
        pytest.param(
            Powers("CapEff:\t0000000000000080\n", WHOLE, WHOLE, "allow\n"),
            Credentials(1, 1),
            "CAP_SETUID and CAP_SETGID are not available",
            id="CAP_SETUID alone",
        ),
        pytest.param(
            Powers(ALL, SINGLE, SINGLE, "deny\n"),
            Credentials(1, 1),
            "uid 1 does not exist in this user namespace",
            id="a user namespace with one user",
        ),
        pytest.param(
            Powers(ALL, SINGLE, SINGLE, "deny\n"),
            Credentials(0, 1),
            "gid 1 does not exist in this user namespace",
            id="another group",
        ),
        pytest.param(
            Powers(ALL, SINGLE, SINGLE, "deny\n"),
            Credentials(0, 0),
            "setgroups is denied in this user namespace",
            id="no groups",
        ),
        pytest.param(
            Powers(ALL, SINGLE + "1 100000 65536\n", SINGLE + "1 100000 65536\n", "allow\n"),
            Credentials(1000, 1000),
            "",
            id="a user namespace with many users",
        ),
    ],
)
def test_powers_say_why_somebody_cannot_be_become(powers: Powers, wanted: Credentials, reason: str) -> None:
    assert powers.why_not(wanted) == reason


@pytest.mark.parametrize(
    ("held", "missing"),
    [
        pytest.param("000001ffffffffff", (), id="root"),
        pytest.param("00000000a80425fb", ("CAP_NET_ADMIN",), id="a container by default"),
        pytest.param("0000000000000000", ("CAP_NET_ADMIN", "CAP_NET_RAW"), id="an ordinary user"),
    ],
)
def test_what_a_virtual_router_cannot_do_without_is_known(held: str, missing: tuple[str, ...]) -> None:
    assert Powers(f"CapEff:\t{held}\n", WHOLE, WHOLE, "allow\n").needed() == missing


@pytest.mark.parametrize(
    ("user", "group", "found"),
    [
        pytest.param("", "", (os.geteuid(), os.getegid()), id="nobody in particular"),
        pytest.param("root", "", (0, 0), id="a user and its own group"),
        pytest.param("root", "daemon", (0, 1), id="a user and a group"),
        pytest.param("", "daemon", (os.geteuid(), 1), id="a group"),
        pytest.param("1", "0", (1, 0), id="numbers"),
    ],
)
def test_names_are_looked_up(user: str, group: str, found: tuple[int, int]) -> None:
    assert credentials.resolve(user, group) == Credentials(*found)


@pytest.mark.parametrize(
    ("user", "group", "reason"),
    [("nosuchuser", "", "user nosuchuser does not exist"), ("", "nosuchgroup", "group nosuchgroup does not exist")],
)
def test_names_that_do_not_exist_are_named(user: str, group: str, reason: str) -> None:
    with pytest.raises(CredentialsError, match=f"^{reason}$"):
        credentials.resolve(user, group)


def test_a_path_below_a_private_directory_can_be_reached_by_its_owner_only(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(private / "file")
    owner = Credentials(os.geteuid(), os.getegid())
    other = Credentials(54321, 54321)

    assert credentials.can_reach(private / "file", owner)
    assert not credentials.can_reach(private / "file", other)
    assert not credentials.can_reach(tmp_path / "link", other)
    assert credentials.can_reach(Path("/usr/bin/env"), other)
