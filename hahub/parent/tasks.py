"""A group of tasks that ends on its own, before the nursery it lives in."""

from collections.abc import Awaitable, Callable
from typing import TypeVarTuple, Unpack

import trio

_Args = TypeVarTuple("_Args")


class Tasks:
    """Tasks that can be cancelled together and waited for, while others of the nursery go on."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._scopes: set[trio.CancelScope] = set()
        self._ended = False
        self._none_left = trio.Event()
        self._none_left.set()

    def start_soon(self, task: Callable[[Unpack[_Args]], Awaitable[object]], *args: *_Args) -> None:
        """Start a task; after ``end`` it is not started any more."""
        if not self._ended:
            scope = trio.CancelScope()
            if not self._scopes:
                self._none_left = trio.Event()
            self._scopes.add(scope)
            self._nursery.start_soon(self._run, scope, task, args)

    async def _run(
        self, scope: trio.CancelScope, task: Callable[..., Awaitable[object]], args: tuple[object, ...]
    ) -> None:
        try:
            with scope:
                await task(*args)
        finally:
            self._scopes.discard(scope)
            if not self._scopes:
                self._none_left.set()

    def cancel(self) -> None:
        """End them, without waiting."""
        self._ended = True
        for scope in self._scopes:
            scope.cancel()

    async def wait_for_none(self) -> None:
        """Wait until none is running; at once when that is so."""
        await self._none_left.wait()

    async def end(self) -> None:
        """End them, and wait until they have."""
        self.cancel()
        await self.wait_for_none()
