"""How hahub checks the servers it talks to: one TLS client context for HTTP and mail."""

import os
import ssl
from pathlib import Path


def client_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """A context that demands a valid certificate for the host name, TLS 1.2 or later.

    ca_file: the authorities to trust, PEM; None for the system's, else certifi's where the system has none.
    Takes some 40 ms: once per channel. Raises OSError (ssl.SSLError is one) when ca_file cannot be used.
    """
    if ca_file is None and not _system_has_authorities():
        import certifi  # comes with httpx

        ca_file = Path(certifi.where())
    context = ssl.create_default_context(cafile=None if ca_file is None else os.fspath(ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _system_has_authorities() -> bool:
    paths = ssl.get_default_verify_paths()
    return paths.cafile is not None or (paths.capath is not None and any(Path(paths.capath).iterdir()))
