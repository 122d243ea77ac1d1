"""The sinks as processes: where they listen, what they write, how they end."""

import json
import os
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hahub.testing.sinks import Received, format_line
from hahub.testing.transitions import notification
from hahub_plugins import dingtalk, webhook

PATIENCE = 30.0
WHSEC = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


@contextmanager
def sink(*arguments: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A sink's process, and the URL that it says it listens on."""
    command = [sys.executable, "-m", "hahub.testing.sinks", *arguments, "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        word, url = process.stderr.readline().split()
        assert word == "listening"
        yield url, process
    finally:
        process.kill()
        process.communicate()


def read_lines(path: Path, count: int) -> list[dict[str, object]]:
    """So many lines, as soon as they are there."""
    deadline = time.monotonic() + PATIENCE
    while not path.exists() or path.read_text().count("\n") < count:
        assert time.monotonic() < deadline, "no message was written"
        time.sleep(0.01)
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_a_robot_writes_a_line_for_each_message(tmp_path: Path):
    log = tmp_path / "chat.jsonl"
    with sink("dingtalk", "--token", "t0ken", "--secret", "SECabc", "--log", str(log)) as (url, _):
        channel = dingtalk.CHANNEL("chat", dingtalk.Settings(url=url, access_token="t0ken", secret="SECabc"))
        before = time.monotonic()
        await channel.send(notification())
        await channel.close()
        (line,) = read_lines(log, 1)

    assert before <= line.pop("at_monotonic") <= time.monotonic()
    title = "[server] VRRP Instance VI_1 - Entering MASTER state"
    assert line == {"id": "", "title": title, "body": f"### {title}\n\n{notification().markdown}", "recipients": []}


async def test_a_receiver_writes_the_event_as_it_came(tmp_path: Path):
    log = tmp_path / "events.jsonl"
    settings = {"secret": WHSEC}
    with sink("webhook", "--secret", WHSEC, "--log", str(log)) as (url, _):
        channel = webhook.CHANNEL("hook", webhook.Settings(url=url, **settings))
        await channel.send(notification())
        await channel.close()
        (line,) = read_lines(log, 1)

    assert (line["id"], line["title"]) == (notification().id, "VI_1 MASTER")
    assert json.loads(str(line["body"]))["data"]["node"] == "server"


def test_a_mail_server_writes_subject_text_and_recipients(tmp_path: Path):
    log = tmp_path / "mail.jsonl"
    mail = EmailMessage()
    mail["Subject"] = "hello"
    mail["Message-ID"] = "<k-1@server>"
    mail.set_content("there\n")
    with sink("smtp", "--user", "hahub", "--secret", "right", "--log", str(log)) as (url, _):
        with smtplib.SMTP("127.0.0.1", urlsplit(url).port or 0, timeout=PATIENCE) as client:
            client.login("hahub", "right")
            client.send_message(mail, "hahub@example.org", ["a@example.org"])
        (line,) = read_lines(log, 1)

    del line["at_monotonic"]
    assert line == {"id": "k-1@server", "title": "hello", "body": "there\r\n", "recipients": ["a@example.org"]}


@pytest.mark.parametrize("service", ["dingtalk", "webhook", "smtp"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(service: str, number: signal.Signals):
    with sink(service) as (_, process):
        os.kill(process.pid, number)
        output, errors = process.communicate(timeout=PATIENCE)

    assert (process.returncode, output, errors) == (0, "", "")


def test_an_address_without_a_port_is_an_error_of_usage():
    result = subprocess.run(
        [sys.executable, "-m", "hahub.testing.sinks", "smtp", "--listen", "here"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 2
    assert "'here' is not ADDR:PORT" in result.stderr


def test_a_line_is_json_in_one_line():
    line = format_line(Received(1.5, "k", "a\nb", "grüße", ("x",)))

    assert line == '{"at_monotonic": 1.5, "id": "k", "title": "a\\nb", "body": "grüße", "recipients": ["x"]}'
