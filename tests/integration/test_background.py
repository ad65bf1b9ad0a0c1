"""A background engine is killed: its clients are told at once, and the next one takes its place."""

import signal
from pathlib import Path

import anyio
import pytest

from engine import BackgroundError, Engine, Program
from engine.background._listener import running
from engine.background._remote import RemoteEngine
from tests.support.background_engine import background_engine
from tests.support.machine import PATIENCE_SECONDS

CALLERS = 50

pytestmark = pytest.mark.slow


async def _until_all_are_there() -> None:
    async with Engine.connect() as other:
        while (await other.stats()).active < CALLERS:  # noqa: ASYNC110 (of another process)
            await anyio.sleep(0.01)


async def test_callers_of_an_engine_that_is_killed_are_told_and_the_next_one_serves(
    control_folder: Path,
) -> None:
    errors: list[BackgroundError] = []

    async def call(engine: RemoteEngine) -> None:
        with pytest.raises(BackgroundError) as caught:
            await engine.run(Program(code="1"))
        errors.append(caught.value)

    with anyio.fail_after(PATIENCE_SECONDS), background_engine() as process:
        async with Engine.connect() as engine:
            assert engine.pid == process.pid == running()
            async with anyio.create_task_group() as tasks:
                for _ in range(CALLERS):
                    tasks.start_soon(call, engine)
                await _until_all_are_there()

                process.send_signal(signal.SIGKILL)

        assert len(errors) == CALLERS
        assert all(error.dispatched for error in errors)
        await anyio.to_thread.run_sync(process.wait)
        assert running() is None
        with pytest.raises(BackgroundError, match="no background engine runs"):
            async with Engine.connect():
                pass
        with background_engine() as next_one:
            async with Engine.connect() as engine:
                assert engine.pid == next_one.pid == running()
