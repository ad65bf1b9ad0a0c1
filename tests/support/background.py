"""Runs in the background of a test, known to be in their middle."""

import anyio
from anyio.abc import TaskGroup

from engine import Engine, EngineError, Output, Program, Result
from policies import Policy

from .machine import PATIENCE_SECONDS

#: Says that it is there, then waits.
WAITS = "import time\nprint('ready', flush=True)\ntime.sleep(600)"


class Background:
    """A run in another task."""

    def __init__(self) -> None:
        self.began = anyio.Event()
        self._ended = anyio.Event()
        self._result: Result | None = None
        self._error: EngineError | None = None

    async def run(self, engine: Engine, program: Program, policy: Policy | None) -> None:
        """Run the program; what comes of it is kept for `finish`."""
        try:
            self._result = await engine.run(program, policy, emit=self._watch)
        except EngineError as error:
            self._error = error
        finally:
            self.began.set()
            self._ended.set()

    async def finish(self) -> Result:
        """Wait for the end; raises what the run raised."""
        with anyio.fail_after(PATIENCE_SECONDS):
            await self._ended.wait()
        if self._error is not None:
            raise self._error
        assert self._result is not None, "the run was cancelled"
        return self._result

    def _watch(self, output: Output) -> None:
        self.began.set()


async def begin(
    tasks: TaskGroup, engine: Engine, code: str = WAITS, policy: Policy | None = None
) -> Background:
    """Start a Python program and return at its first output."""
    background = Background()
    tasks.start_soon(background.run, engine, Program(code=code), policy)
    with anyio.fail_after(PATIENCE_SECONDS):
        await background.began.wait()
    return background
