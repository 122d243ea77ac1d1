"""The guarded service and its check, as files of one node: nginx as in the article, else a server of our own."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from hahub.demo import samples

PORT = 80
_NGINX_DIRECTORIES = "/usr/sbin:/usr/local/sbin"
"""Where an ordinary user's PATH does not look."""
_PROGRAM = Path(__file__).with_name("service.py")

_NGINX_CONF = """\
daemon off;
master_process off;
user root;
pid {directory}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/temp;
    proxy_temp_path {directory}/temp;
    fastcgi_temp_path {directory}/temp;
    uwsgi_temp_path {directory}/temp;
    scgi_temp_path {directory}/temp;
    server {{
        listen {port};
        default_type text/plain;
        return 200 "{name}\\n";
    }}
}}
"""
_NGINX_CHECK = "article/nginx_check_status.sh"
_OWN = "a small HTTP server, guarded by a check of its process, since nginx is not used here"
_PID_CHECK = """\
#!/bin/sh
# As the article's check, for a service that pidof does not know: is the process alive whose pid it wrote down?
kill -0 "$(cat {pid_file})" 2> /dev/null || exit 2
"""


@dataclass(frozen=True, slots=True)
class Service:
    """How to run and how to check the service of one node."""

    command: tuple[str, ...]
    check: Path
    """A script that exits with 0 while the service runs."""
    description: str
    """Service and check, for people."""


def find_nginx() -> str | None:
    """Return the path of nginx, if this machine has it."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:{_NGINX_DIRECTORIES}")


def write_nginx(nginx: str, name: str, directory: Path, *, port: int = PORT) -> Service | None:
    """Write what nginx needs, and the article's check as it is. None when this nginx refuses the configuration."""
    config = directory / "nginx.conf"
    config.write_text(_NGINX_CONF.format(directory=directory, name=name, port=port))
    command = (nginx, "-e", "stderr", "-p", str(directory), "-c", str(config))
    if subprocess.run([*command, "-t", "-q"], capture_output=True, check=False).returncode != 0:
        return None
    check = directory / "nginx_check_status.sh"
    check.write_text(samples.find(_NGINX_CHECK).read_text())
    check.chmod(0o755)
    return Service(command, check, "nginx, guarded by the article's own nginx_check_status.sh")


def write_own(name: str, directory: Path, *, port: int = PORT) -> Service:
    """Write the check of the service that needs nothing but Python."""
    pid_file, check = directory / "service.pid", directory / "service_check_status.sh"
    check.write_text(_PID_CHECK.format(pid_file=pid_file))
    check.chmod(0o755)
    return Service((sys.executable, "-I", "-S", str(_PROGRAM), name, str(port), str(pid_file)), check, _OWN)
