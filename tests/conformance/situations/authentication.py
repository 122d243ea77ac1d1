"""Version 2 with a password, and with an Authentication Header."""

import itertools

from tests.conformance.authentication_header import authenticated
from tests.conformance.frames import Advert
from tests.conformance.packets import Outgoing
from tests.conformance.situation import Router, situation
from tests.conformance.situations.alone import QUIET
from tests.conformance.situations.batteries import PASS, RIGHT, stronger
from tests.conformance.tester import Tester

KEY = "secret12"
AH = f"authentication {{\n auth_type AH\n auth_pass {KEY}\n}}\n"
SHORT = "authentication {\n auth_type PASS\n auth_pass abc\n}\n"


@situation(Router(version=2, advert_int=1, options=PASS), bench="alone")
async def password(tester: Tester) -> None:
    await tester.becomes("MASTER")


@situation(Router(version=2, advert_int=1, options=SHORT), bench="alone")
async def short_password(tester: Tester) -> None:
    await tester.becomes("MASTER")


@situation(Router(version=2, advert_int=1, options=AH), bench="alone")
async def authentication_header(tester: Tester) -> None:
    await tester.becomes("MASTER")
    await tester.hears(3)


@situation(Router(version=2, priority=250, advert_int=1, options=QUIET + AH), bench="busy batteries")
async def wrong_authentication_headers(tester: Tester) -> None:
    await tester.becomes("MASTER")
    await tester.hears(1)
    # A master counts on from the number it sent or heard last; the tester stays above it.
    last = max(frame.sequence for frame in tester.wire.frames if isinstance(frame, Advert))
    numbers = itertools.count(last + 1000, 100)

    def sealed(outgoing: Outgoing, key: str = KEY, *, cut: int = 0, lie: int | None = None) -> bytes:
        return authenticated(outgoing, key, sequence=next(numbers), cut=cut, lie=lie).frame()

    tester.always = {"auth_type": 2}
    tester.seal = sealed
    right = stronger(tester)
    replayed = sealed(right)
    await tester.try_each({"right": replayed})
    await tester.try_each(
        {
            "another key": lambda: sealed(right, "public12"),
            "the same packet again": replayed,
            "a sequence number of before": authenticated(right, KEY, sequence=last + 500).frame(),
            "sequence number 0": authenticated(right, KEY, sequence=0).frame(),
            "a digest that is cut": lambda: sealed(right, cut=8),
            "no header": right.frame(),
            "no header, Auth Type 0": right.but(auth_type=0).frame(),
            "another priority under the digest": lambda: sealed(right, lie=255),
            RIGHT: lambda: sealed(right),
        }
    )
