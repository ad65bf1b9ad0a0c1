"""A client of an engine that others break: `python -m tests.robustness.chaos_client MODE SEED FILE`.

It asks until its standard input is closed, and keeps in a file what it was answered, because it may be
killed, too. An answer is right, an error of ours, or a problem; so is one that does not come.
"""

import json
import random
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import msgspec

from engine import BackgroundError, Engine, EngineError, RemoteEngine, Result, Status

from .chaos_answers import DEADLINE_SECONDS, Answers
from .work import CONTAINER_KINDS, Kind, draw, killed_from_outside, kinds_for

#: Each of a mode's clients asks so many things side by side.
SIDE_BY_SIDE = 3
_AGAIN_SECONDS = 0.05
_ISORUN = str(Path(sys.executable).with_name("isorun"))
_KEEP_SECONDS = 0.1
#: Exit codes of commands.
_OK, _HOST_FAILED = 0, 4


class _Client:
    """Asks in one way, and keeps what it needs beside the file of its answers."""

    def __init__(self, mode: str, seed: int, file: Path) -> None:
        self.answers = Answers(mode=mode)
        self._file = file
        self._chance = random.Random(seed)
        self._kinds = [kind for kind in kinds_for({"nsjail"}) if kind.status is not Status.MEMORY]
        # What two clients ask is never the same.
        self._number = seed << 32

    async def ask(self) -> None:
        """Ask as the mode says, without an end."""
        match self.answers.mode:
            case "requests":
                await self._ask_by_requests()
            case "containers":
                self._kinds = list(CONTAINER_KINDS)
                await self._ask_by_requests()
            case "commands":
                await self._side_by_side(self._command)
            case "model":
                from .chaos_model import ask_model  # late: no other client needs the agent

                await ask_model(self.answers, self._chance, self._file.parent / "states")
            case unknown:
                raise ValueError(f"there is no mode `{unknown}`")

    async def _ask_by_requests(self) -> None:
        """Run programs by `Engine.connect`, and connect again when the engine has gone."""
        while True:
            try:
                async with Engine.connect() as engine:
                    await self._side_by_side(lambda: self._request(engine))
            except BackgroundError as error:
                self._broken(error)
                await anyio.sleep(_AGAIN_SECONDS)

    async def _side_by_side(self, ask: Callable[[], Awaitable[bool]]) -> None:
        """Ask until one says that it is of no use."""
        lost = False

        async def repeat() -> None:
            nonlocal lost
            while not lost:
                with anyio.move_on_after(DEADLINE_SECONDS) as scope:
                    lost = not await ask() or lost
                if scope.cancelled_caught:
                    self.answers.complain(f"no answer within {DEADLINE_SECONDS:g} s")

        async with anyio.create_task_group() as tasks:
            for _ in range(SIDE_BY_SIDE):
                tasks.start_soon(repeat)

    async def _request(self, engine: RemoteEngine) -> bool:
        work = draw(self._kinds, self._next(), self._chance)
        try:
            result = await engine.run(work.program, work.policy)
        except EngineError as error:
            self._broken(error)
            # What is away is away for a second, and there is other work for the processors.
            await anyio.sleep(_AGAIN_SECONDS)
            return not isinstance(error, BackgroundError)
        self._judge(work.kind, work.is_right(result), result)
        return True

    def _judge(self, kind: Kind, is_right: bool, result: Result) -> None:
        if is_right:
            self.answers.right += 1
        elif how := killed_from_outside(result):
            self.answers.note(how)
        else:
            self.answers.complain(f"`{kind.name}`: {str(result)[:600]}")

    async def _command(self) -> bool:
        """Run a program by `isorun run`, which does without a background engine where there is none."""
        number = self._next()
        code = "import sys; print(f'<{sys.argv[1]}>')"
        argv = [_ISORUN, "run", "-c", code, "--json", "--", str(number)]
        done = await anyio.run_process(argv, check=False)
        shown = json.loads(done.stdout) if done.stdout else {}
        if done.returncode == _OK and shown.get("stdout") == f"<{number}>\n":
            self.answers.right += 1
        elif done.returncode == _HOST_FAILED and "error" in shown:
            self.answers.note(f"exit code {_HOST_FAILED}")
        elif shown.get("signal") == "SIGKILL" or shown.get("reason") == "supervisor-died":
            self.answers.note(f"{shown['status']}, {shown['reason']}")
        else:
            self.answers.complain(f"a command: {done}"[:800])
        return True

    def _broken(self, error: EngineError) -> None:
        self.answers.note(type(error).__name__)

    def _next(self) -> int:
        self._number += 1
        return self._number


def _keep(answers: Answers, file: Path) -> None:
    """Write what was answered, all of it or nothing."""
    new = file.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(answers))
    new.rename(file)


async def _keep_on(answers: Answers, file: Path) -> None:
    while True:
        _keep(answers, file)
        await anyio.sleep(_KEEP_SECONDS)


async def _ask(mode: str, seed: int, file: Path) -> None:
    client = _Client(mode, seed, file)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.ask)
        tasks.start_soon(_keep_on, client.answers, file)
        await anyio.wait_readable(sys.stdin)
        tasks.cancel_scope.cancel()
    _keep(client.answers, file)


def main() -> None:
    """Be the client."""
    anyio.run(_ask, sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))


if __name__ == "__main__":
    main()
