"""What a daemon says about a configuration, without running it."""

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import require

VIP = "virtual_ipaddress {\n 10.9.0.200/24\n}\n"


def require_root(purpose: str) -> None:
    """Skip unless root runs the tests; fail where skips are not accepted."""
    if os.geteuid() != 0:
        (pytest.fail if os.environ.get("HAHUB_SKIPS_FAIL") else pytest.skip)(f"this test needs root, {purpose}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Its answer."""

    refused: bool
    told: str
    """Everything it said."""

    @property
    def lines(self) -> set[str]:
        """Its lines, without the time in front."""
        return {re.sub(r"^.*?20\d\d: ", "", line) for line in self.told.splitlines()}


def judge(daemon: str, *, instance: str = VIP, vrid: int | str = 51, globals_: str = "") -> Verdict:
    """Let a daemon check a configuration of one instance, on a host that has nothing but its interface.

    instance: its lines, but for those that every instance has.
    """
    require("ip", "unshare", *([daemon] if daemon == "keepalived" else []))
    require_root("to give a daemon an interface")
    text = f"""global_defs {{
    {globals_}
}}
vrrp_instance VI_1 {{
    interface w1
    virtual_router_id {vrid}
    {instance}
}}
"""
    with tempfile.TemporaryDirectory(prefix="hc-") as directory:
        path = Path(directory, "daemon.conf")
        path.write_text(text)
        alone = ["unshare", "--net", "sh", "-ec", 'ip link add w1 type veth peer name t1; exec "$@"', "sh"]
        done = subprocess.run([*alone, *_command(daemon, path)], capture_output=True, text=True, check=False)
    return Verdict(done.returncode != 0, done.stdout + done.stderr)


def _command(daemon: str, path: Path) -> list[str]:
    if daemon == "hahub":
        return [str(Path(sys.executable).with_name("hahub")), "check", str(path)]
    return ["keepalived", "--log-console", "--config-test", "--vrrp", "-f", str(path)]
