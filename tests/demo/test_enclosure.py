"""What the demo says on a machine that cannot run it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hahub.demo import enclosure

HAHUB = (sys.executable, "-P", "-c", "from hahub.cli import main; main()")


def test_a_missing_command_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for command in ("unshare", "mount", "setpriv"):
        (tmp_path / command).symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(enclosure.EnclosureError, match=re.escape("the demo needs nsenter (Debian package util-linux)")):
        enclosure.run([])


def test_a_missing_mail_server_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "aiosmtpd", None)

    with pytest.raises(
        enclosure.EnclosureError, match=re.escape("aiosmtpd for its mail server: pip install 'hahub[demo]'")
    ):
        enclosure.run([])


@pytest.mark.namespaces
def test_a_machine_that_forbids_namespaces_gets_the_kernel_s_words_and_advice():
    forbid = 'echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", forbid, "-", *HAHUB, "demo"]

    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("hahub demo: unshare: unshare failed: No space left on device\n")
    assert "user.max_user_namespaces" in done.stderr
