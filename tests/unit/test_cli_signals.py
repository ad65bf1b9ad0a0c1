import os
import signal
import threading

import anyio
import anyio.lowlevel
import pytest

from engine.cli._errors import Interrupted
from engine.cli._signals import run_until_signal, sigterm_raises


def test_result_comes_through() -> None:
    async def work() -> int:
        await anyio.lowlevel.checkpoint()
        return 7

    assert run_until_signal(work) == 7


def test_error_comes_through_as_it_is() -> None:
    async def work() -> None:
        await anyio.lowlevel.checkpoint()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_until_signal(work)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_cancels_the_work_and_waits_for_its_clean_up(number: int) -> None:
    cleaned = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
                cleaned.append(True)

    with pytest.raises(Interrupted) as raised:
        run_until_signal(work)

    assert raised.value.number == number
    assert cleaned == [True]


def test_second_signal_does_not_cut_the_clean_up_short() -> None:
    cleaned = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await anyio.sleep_forever()
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
                cleaned.append(True)

    with pytest.raises(Interrupted) as raised:
        run_until_signal(work)

    assert raised.value.number == signal.SIGTERM
    assert cleaned == [True]


def test_handlers_are_as_before_afterwards() -> None:
    async def work() -> None:
        await anyio.lowlevel.checkpoint()

    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    run_until_signal(work)

    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_sigterm_ends_blocking_work_by_an_exception() -> None:
    def work() -> None:
        with sigterm_raises():
            os.kill(os.getpid(), signal.SIGTERM)
            threading.Event().wait(10)

    with pytest.raises(Interrupted) as raised:
        work()

    assert raised.value.number == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
