"""Run one sink until SIGTERM: it says where it listens, and writes one JSON line for each message that was right.

python -m hahub.testing.sinks dingtalk|webhook|smtp [--listen ADDR:PORT] [--secret SECRET] [--log FILE] ...
"""

import argparse
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO

import trio

from hahub.testing.sinks.dingtalk import DingTalkSink
from hahub.testing.sinks.http import HttpSink
from hahub.testing.sinks.mail import MailRules, MailSink
from hahub.testing.sinks.received import Received, format_line
from hahub.testing.sinks.webhook import WebhookSink


def main(arguments: list[str] | None = None) -> int:
    """Run the sink that the arguments ask for. Returns the exit status."""
    options = _parser().parse_args(arguments)
    with options.log.open("a", encoding="utf-8") if options.log else _stdout() as log:
        trio.run(_run, options, _writer(log))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hahub.testing.sinks", description="A server that judges messages.")
    parser.add_argument("service", choices=("dingtalk", "webhook", "smtp"))
    parser.add_argument("--listen", type=_address, default=("127.0.0.1", 0), metavar="ADDR:PORT")
    parser.add_argument("--secret", help="signing key of dingtalk and webhook, password of smtp")
    parser.add_argument("--token", default="token", help="access_token of dingtalk")
    parser.add_argument("--user", help="user name of smtp; with --secret")
    parser.add_argument("--certificate", type=Path, metavar="PEM", help="certificate and key, for TLS")
    parser.add_argument("--tls", choices=("none", "starttls", "implicit"), default="none", help="of smtp")
    parser.add_argument("--log", type=Path, metavar="FILE", help="where to append the messages; default: stdout")
    return parser


def _address(text: str) -> tuple[str, int]:
    host, found, port = text.rpartition(":")
    if not found or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not ADDR:PORT")
    return host.strip("[]"), int(port)


def _stdout() -> IO[str]:
    return open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False)


def _writer(log: IO[str]) -> Callable[[Received], None]:
    def write(message: Received) -> None:
        log.write(format_line(message) + "\n")
        log.flush()

    return write


async def _run(options: argparse.Namespace, write: Callable[[Received], None]) -> None:
    context = None
    if options.certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate)
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        if options.service == "smtp":
            credentials = (options.user, options.secret or "") if options.user is not None else None
            rules = MailRules(tls=options.tls, credentials=credentials)
            with MailSink(rules, listen=options.listen, ssl_context=context, on_received=write) as server:
                await _until_signal(server.url, signals)
        else:
            async with _http_sink(options, context, write) as sink:
                await _until_signal(sink.url, signals)


def _http_sink(
    options: argparse.Namespace, context: ssl.SSLContext | None, write: Callable[[Received], None]
) -> HttpSink:
    if options.service == "dingtalk":
        return DingTalkSink(
            access_token=options.token,
            secret=options.secret,
            listen=options.listen,
            ssl_context=context,
            on_received=write,
        )
    return WebhookSink(secret=options.secret, listen=options.listen, ssl_context=context, on_received=write)


async def _until_signal(url: str, signals: AsyncIterator[int]) -> None:
    print(f"listening {url}", file=sys.stderr, flush=True)
    async for _ in signals:
        return


if __name__ == "__main__":
    sys.exit(main())
