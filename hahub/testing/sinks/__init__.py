"""Local servers that judge messages as the real services do: for tests, and for ``hahub demo``.

async with DingTalkSink(access_token="t", secret="SECx") as robot: ...    robot.url, robot.received
async with WebhookSink(secret="whsec_...") as receiver: ...
with MailSink(MailRules(refused={"no@x.test": "550 unknown"})) as server: ...

python -m hahub.testing.sinks dingtalk --listen 127.0.0.1:8025 --token t --secret SECx --log messages.jsonl
"""

from hahub.testing.sinks.dingtalk import DingTalkSink
from hahub.testing.sinks.http import Answer, Drip, Hang, HttpSink, Raw, Request, Reset
from hahub.testing.sinks.mail import MailRules, MailSink, Manner
from hahub.testing.sinks.received import Received, format_line
from hahub.testing.sinks.webhook import WebhookSink

__all__ = [
    "Answer",
    "DingTalkSink",
    "Drip",
    "Hang",
    "HttpSink",
    "MailRules",
    "MailSink",
    "Manner",
    "Raw",
    "Received",
    "Request",
    "Reset",
    "WebhookSink",
    "format_line",
]
