"""A channel as a third party would write one: plain HTTP POST over trio, found by its entry point."""

import json

import trio

from hahub.channel import Channel, ChannelSettings, Failure, Notification, Receipt, SendError


class Settings(ChannelSettings):
    """Where to post to."""

    port: int
    to: tuple[str, ...] = ("",)


class Postbox(Channel):
    """One connection per message."""

    Settings = Settings

    def __init__(self, name: str, settings: Settings) -> None:
        self._port = settings.port
        self.recipients = settings.to

    async def send(self, notification: Notification) -> Receipt:
        body = json.dumps(
            {
                "seq": notification.transition.seq,
                "instance": notification.transition.name,
                "repeat": notification.maybe_repeat,
                "attempt": notification.attempt,
                "to": notification.recipients,
                "late": notification.text.partition("Told ")[1] + notification.text.partition("Told ")[2].strip(),
            }
        ).encode()
        head = f"POST / HTTP/1.1\r\nwebhook-id: {notification.id}\r\ncontent-length: {len(body)}\r\n\r\n"
        try:
            stream = await trio.open_tcp_stream("127.0.0.1", self._port)
        except OSError as error:
            raise SendError(Failure.UNREACHABLE, "no connection") from error
        async with stream:
            try:
                await stream.send_all(head.encode() + body)
                answer = await stream.receive_some(65536)
            except (trio.BrokenResourceError, OSError) as error:
                raise SendError(Failure.UNKNOWN, "connection lost") from error
        return _judge(answer)


def _judge(answer: bytes) -> Receipt:
    status = answer[9:12]
    if status == b"200":
        return Receipt("accepted")
    if status == b"429":
        raise SendError(Failure.THROTTLED, "too many", retry_after=3600.0)
    if status.startswith(b"5"):
        raise SendError(Failure.UNREACHABLE, f"status {status.decode()}")
    if not status:
        raise SendError(Failure.UNKNOWN, "no answer")
    raise SendError(Failure.REFUSED, f"status {status.decode()}")


CHANNEL = Postbox
