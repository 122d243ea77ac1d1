"""The core's link to the hub: acknowledgements come in, and a new link whenever one of the two is new."""

import os

import trio

from hahub import messages
from hahub.core.log import ERROR, CoreLog
from hahub.core.reporter import Reporter
from hahub.link import Link, LinkClosedError
from hahub.messages import Ack


class HubSide:
    """Keeps the reporter connected to the present life of the hub."""

    def __init__(self, reporter: Reporter, log: CoreLog) -> None:
        self._reporter = reporter
        self._log = log
        self._link: Link | None = None
        self._acknowledged = trio.Event()

    def connect(self, link: Link, nursery: trio.Nursery) -> None:
        """Use this link, which is ours now, in place of any before."""
        self._link = link
        self._reporter.connect_hub(link)
        nursery.start_soon(self._serve, link)

    async def wait_acknowledged(self) -> None:
        """Until the hub has all transitions, or is gone."""
        while self._reporter.has_hub and not self._reporter.all_acknowledged:
            await self._acknowledged.wait()
            self._acknowledged = trio.Event()

    async def _serve(self, link: Link) -> None:
        """Take acknowledgements until this life of the hub ends; a newer link may have come already."""
        try:
            while True:
                record, descriptors = await link.receive()
                for descriptor in descriptors:
                    os.close(descriptor)
                if isinstance(record, Ack):
                    self._reporter.acknowledged(record)
                    self._acknowledged.set()
        except (LinkClosedError, messages.MessageError) as error:
            if isinstance(error, messages.MessageError):  # it talks to the world, and may do so no more with us
                self._log.write(ERROR, f"the hub sent what is no record, its link is closed: {error}")
            if self._link is link:
                self._reporter.disconnect_hub()
                self._link = None
                self._acknowledged.set()
        finally:
            link.close()
