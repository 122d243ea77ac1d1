"""Version 3 over IPv4 with the checksum of RFC 9568."""

from tests.conformance.situation import Router, situation
from tests.conformance.tester import Tester


@situation(Router(options="v3_checksum_as_v2"), bench="alone")
async def checksum_of_the_message_only(tester: Tester) -> None:
    await tester.becomes("MASTER")
    await tester.hears(2)
