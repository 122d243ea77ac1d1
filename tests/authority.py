"""A certificate authority for one test, and servers' TLS contexts signed by it."""

import ssl
from pathlib import Path

import trustme


class Authority:
    """Trusted by whoever is given ``ca_file``, and by nobody else."""

    def __init__(self, directory: Path) -> None:
        self._authority = trustme.CA()
        self.ca_file = directory / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.ca_file))

    def server_context(self, *names: str) -> ssl.SSLContext:
        """The context of a server with these names or addresses, by default 127.0.0.1."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert(*(names or ("127.0.0.1",))).configure_cert(context)
        return context
