"""The engine is killed while modules wait and run, compilers work and sessions are open: all ends with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.test_v8_engine_killed import assert_nothing_left, wait_for_line
from tests.support.machine import descendants, mounts, wardens

pytestmark = [pytest.mark.jail, pytest.mark.slow, pytest.mark.timeout(120)]

REPOSITORY = Path(__file__).resolve().parents[2]
ENGINE = """
import sys
from functools import partial
import anyio
from engine import Engine, Program
from tests.support.jails import config

WAIT = '#include <stdio.h>\\n#include <unistd.h>\\nint main(void) { puts("up"); fflush(stdout); sleep(600); }'
SPIN = "constexpr long f() { long n = 0; for (long i = 0; i < 1L << 40; ++i) n += i; return n; }"
BUILD = f"{SPIN}\\nstatic_assert(f()); int main() {{}} // {sys.argv[1]}"

async def main():
    up = anyio.Event()
    settings = config(fork=sys.argv[2] == "fork", pool={"warm": 1})
    async with Engine(settings) as engine, anyio.create_task_group() as tasks:
        await engine.run(Program(code="int main(void) { return 0; }", language="c"))
        async with engine.session() as session:
            await session.run(Program(code="int main(void) { return 0; }", language="c"))
            run = partial(engine.run, Program(code=WAIT, language="c"), emit=lambda output: up.set())
            tasks.start_soon(run)
            await up.wait()
            tasks.start_soon(engine.run, Program(code=BUILD, language="cpp"))
            await anyio.sleep(0.5)  # the compiler is at work
            print("ready", flush=True)
            await anyio.sleep_forever()

anyio.run(main)
"""


@pytest.mark.parametrize("way", ["fork", "exec"])
@pytest.mark.parametrize("stopped", [False, True], ids=["running", "stopped"])
def test_killed_engine_leaves_no_module_and_no_compiler(way: str, stopped: bool, tmp_path: Path) -> None:
    before = set(mounts())
    process = subprocess.Popen(
        [sys.executable, "-c", ENGINE, tmp_path.name, way],
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    with process:
        wait_for_line(process, b"ready")
        [warden] = wardens(process.pid)
        processes = descendants(warden)
        if stopped:
            for pid in processes[1:]:
                os.kill(pid, signal.SIGSTOP)

        process.kill()

        assert_nothing_left(warden, processes)
    assert set(mounts()) == before
