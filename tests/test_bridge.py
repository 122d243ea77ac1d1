import asyncio
import subprocess
import sys
import threading

import pytest
import trio

from hahub.bridge import CANCEL_GRACE, Bridge, BridgeClosedError

PATIENCE = 30.0


@pytest.fixture
def bridge():
    bridge = Bridge()
    yield bridge
    bridge.close()


async def add(first: int, second: int) -> int:
    await asyncio.sleep(0)
    return first + second


async def fail() -> None:
    raise LookupError("from asyncio")


async def thread_name() -> str:
    return threading.current_thread().name


async def test_a_result_comes_back_from_asyncio(bridge):
    assert await bridge.run(add, 2, 3) == 5


async def test_an_exception_comes_back_from_asyncio(bridge):
    with pytest.raises(LookupError, match="from asyncio"):
        await bridge.run(fail)


async def test_calls_run_at_the_same_time_on_one_thread_that_is_not_trios(bridge):
    inside: list[str] = []  # both have to be under way before either ends

    async def meet() -> str:
        inside.append("one more")
        while len(inside) < 2:
            await asyncio.sleep(0.001)
        return threading.current_thread().name

    names = []

    async def call() -> None:
        names.append(await bridge.run(meet))

    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(call)
            nursery.start_soon(call)

    assert names == ["asyncio-bridge", "asyncio-bridge"]


async def test_no_thread_is_started_before_the_first_call():
    before = threading.active_count()

    bridge = Bridge()

    assert threading.active_count() == before
    bridge.close()


async def test_cancelling_cancels_the_asyncio_task_which_can_give_up_what_it_holds(bridge):
    begun, given_up = threading.Event(), threading.Event()

    async def hold() -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            given_up.set()

    with trio.fail_after(PATIENCE), trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bridge.run, hold)
            await trio.to_thread.run_sync(begun.wait, PATIENCE)
            scope.cancel()

    assert scope.cancelled_caught
    assert given_up.is_set()


async def test_a_task_that_ignores_its_cancellation_is_left_behind(bridge):
    begun = threading.Event()
    release = threading.Event()

    async def ignore() -> None:
        begun.set()
        while not release.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue

    with trio.fail_after(PATIENCE), trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bridge.run, ignore)
            await trio.to_thread.run_sync(begun.wait, PATIENCE)
            cancelled_at = trio.current_time()
            scope.cancel()
    took = trio.current_time() - cancelled_at

    assert scope.cancelled_caught
    assert CANCEL_GRACE * 0.9 < took < 10 * CANCEL_GRACE
    assert await bridge.run(add, 1, 1) == 2  # nobody else is harmed
    release.set()


async def test_closing_during_a_call_is_an_error_of_the_call(bridge):
    begun = threading.Event()

    async def hold() -> None:
        begun.set()
        await asyncio.sleep(3600)

    async def close_when_begun() -> None:
        await trio.to_thread.run_sync(begun.wait, PATIENCE)
        await trio.to_thread.run_sync(bridge.close)

    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(close_when_begun)
            with pytest.raises(BridgeClosedError):
                await bridge.run(hold)


async def test_a_closed_bridge_opens_again(bridge):
    first = await bridge.run(thread_name)

    bridge.close()

    assert first == await bridge.run(thread_name) == "asyncio-bridge"


async def test_closing_ends_the_thread(bridge):
    before = threading.active_count()
    await bridge.run(thread_name)

    bridge.close()
    bridge.close()  # once more does no harm

    assert threading.active_count() == before


def test_a_call_that_hangs_does_not_keep_the_process_alive():
    program = """
import asyncio, trio
from hahub import bridge

async def hold():
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass

async def main():
    with trio.move_on_after(0.1):
        await bridge.run(hold)

trio.run(main)
print("done")
"""

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert (result.returncode, result.stdout, result.stderr) == (0, "done\n", "")


async def test_an_error_that_nobody_waits_for_is_not_written_anywhere(capfd, bridge):
    begun = threading.Event()

    async def fail_when_cancelled() -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            raise LookupError("the password is t0ps3cret")

    with trio.fail_after(PATIENCE), trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bridge.run, fail_when_cancelled)
            await trio.to_thread.run_sync(begun.wait, PATIENCE)
            scope.cancel()
    bridge.close()

    assert capfd.readouterr() == ("", "")
