"""An engine in a process of its own, so that a test can kill it; started with `start_engine`.

Prints one JSON line when all of its runs are under way, then waits for their end.
"""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import anyio

ROOT = Path(__file__).resolve().parents[2]

#: Each is busy in another way when the engine dies.
PROGRAMS = (
    "import time\nprint('up', flush=True)\ntime.sleep(600)",
    "import os, time\nprint('up', flush=True)\nfor _ in range(5):\n os.fork()\ntime.sleep(600)",
    "print('up', flush=True)\nwhile True: pass",
    "import os, time\nif os.fork() == 0:\n os.setsid()\n os.fork()\nprint('up', flush=True)\ntime.sleep(600)",
)


class Started(NamedTuple):
    """An engine process.

    Attributes:
        process: It.
        warden: Pid of its warden.
    """

    process: subprocess.Popen[bytes]
    warden: int


def start_engine(runs: int = len(PROGRAMS), *, wait: bool = True) -> Started:
    """Start an engine process with runs that do not end; return when they are under way."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", _call("main"), str(runs)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    if not wait:
        return Started(process, 0)
    line = process.stdout.readline()
    assert line, "the engine process ended before its runs were under way"
    said: dict[str, Any] = json.loads(line)
    return Started(process, said["warden"])


def start_hanging_engine() -> subprocess.Popen[bytes]:
    """Start an engine process with one run of a second or two; it prints its warden's pid."""
    return subprocess.Popen([sys.executable, "-I", "-c", _call("hang")], stdout=subprocess.PIPE)


def start_reporting_engine() -> subprocess.Popen[bytes]:
    """Start an engine process with one run that does not end; it prints the run's output, then its result."""
    return subprocess.Popen([sys.executable, "-I", "-c", _call("report")], stdout=subprocess.PIPE)


def _call(name: str) -> str:
    return (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        f"from tests.support.engine_script import {name}; {name}()"
    )


def main() -> None:
    """Be the engine process."""
    anyio.run(_run, int(sys.argv[1]))


async def _run(runs: int) -> None:
    from engine import Engine, Program
    from tests.support.jails import config, limited
    from tests.support.machine import wardens

    up: set[int] = set()

    def arrived(number: int, output: object) -> None:
        if number not in up:
            up.add(number)
            if len(up) == runs:
                print(json.dumps({"warden": wardens()[0], "pid": os.getpid()}), flush=True)

    async with Engine(config(pool={"warm": 1})) as engine, anyio.create_task_group() as tasks:
        for number in range(runs):
            program = Program(code=PROGRAMS[number % len(PROGRAMS)])
            policy = limited(wall_seconds=600, cpu_seconds=600)
            emit = partial(arrived, number)
            tasks.start_soon(partial(engine.run, program, policy, emit=emit))


def hang() -> None:
    """Be the process of `start_hanging_engine`."""
    anyio.run(_run_briefly)


async def _run_briefly() -> None:
    from engine import Engine, Program
    from tests.support.jails import config, limited
    from tests.support.machine import wardens

    async with Engine(config()) as engine:
        await engine.run(
            Program(code=PROGRAMS[0]),
            limited(wall_seconds=1.5),
            emit=lambda output: print(wardens()[0], flush=True),
        )


def report() -> None:
    """Be the process of `start_reporting_engine`."""
    anyio.run(_run_and_report)


async def _run_and_report() -> None:
    from engine import Engine, Program, result_to_json
    from tests.support.jails import config, limited

    async with Engine(config()) as engine:
        result = await engine.run(
            Program(code=PROGRAMS[0]),
            limited(wall_seconds=600),
            emit=lambda output: print(output.data.decode().strip(), flush=True),
        )
    print(result_to_json(result), flush=True)
