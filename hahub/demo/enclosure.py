"""Namespaces of our own for the whole demonstration, from which nothing escapes and which nothing survives.

::

    hahub demo ──lifeline (a pipe)──> hahub.demo, process 1 of a pid namespace
        └─ setpriv --pdeathsig KILL unshare --fork --kill-child ─┘

When ``hahub demo`` dies, by any death, the kernel kills unshare, hence process 1, hence every process of the
namespace; with the last of them go the network, the mounts and all files below /run. The lifeline is for a
milder end: when it closes, process 1 stops in good order.

util-linux (unshare, nsenter, setpriv, mount) is all that is needed besides Python; Debian calls it essential.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

_NAMESPACES = ("--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
_AS_USER = ("--user", "--map-root-user")
_PACKAGES = {
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "mount": "mount",
}
_HINT = """\
the demo needs namespaces; what may forbid them:
  sysctl kernel.unprivileged_userns_clone=0 or user.max_user_namespaces=0
  sysctl kernel.apparmor_restrict_unprivileged_userns=1 (Ubuntu)
  a container: start it with --privileged, or run the demo outside"""
CANNOT_RUN = 2


class EnclosureError(Exception):
    """This machine does not give us what the demonstration needs; the text says what, and what to do."""


def run(arguments: Sequence[str]) -> int:
    """Run ``python -m hahub.demo`` with these arguments inside and return its exit status.

    SIGTERM, SIGINT and SIGHUP end it in good order. Raises EnclosureError.
    """
    flags = _choose_flags()
    reader, writer = os.pipe()
    command = [
        *("setpriv", "--pdeathsig", "KILL", "unshare", *flags),
        *(sys.executable, "-P", "-m", "hahub.demo", "--lifeline", str(reader), *arguments),
    ]

    def cut_lifeline(number: int, frame: FrameType | None) -> None:
        nonlocal writer
        if writer >= 0:
            os.close(writer)
            writer = -1

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, cut_lifeline)
    # A process group of its own: Ctrl-C reaches us alone, and through us the inside.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[reader], process_group=0)
    os.close(reader)
    user = "-U --preserve-credentials " if _AS_USER[0] in flags else ""
    with contextlib.suppress(OSError):  # a signal was quicker, or the inside has ended already
        os.write(writer, f"nsenter -t {process.pid} {user}-n -m".encode())
    status = process.wait()
    return status if status >= 0 else 128 - status


def _choose_flags() -> tuple[str, ...]:
    """Return what to give unshare: root does without a user namespace where that works. Raises EnclosureError."""
    missing = [command for command in _PACKAGES if shutil.which(command) is None]
    if missing:
        named = ", ".join(f"{command} (Debian package {_PACKAGES[command]})" for command in missing)
        raise EnclosureError(f"the demo needs {named}")
    if importlib.util.find_spec("aiosmtpd") is None:
        raise EnclosureError("the demo needs aiosmtpd for its mail server: pip install 'hahub[demo]'")
    refusal = ""
    # Root of a user namespace may not read what belongs to other users, such as a checkout in somebody's home.
    for flags in (_NAMESPACES, (*_AS_USER, *_NAMESPACES))[0 if os.geteuid() == 0 else 1 :]:
        tried = subprocess.run(["unshare", *flags, "true"], capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            return flags
        refusal = tried.stderr.strip()
    raise EnclosureError(f"{refusal}\n{_HINT}")
