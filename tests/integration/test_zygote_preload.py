"""A library that cannot be preloaded: programs run by exec, the result says why, nothing is tried at once."""

import logging
import os
import signal

import anyio
import pytest

from runtimes.jails import _zygote, _zygotes
from tests.support.jails import run_python
from tests.support.machine import descriptors, until, wardens
from tests.support.zygotes import families, is_idle, library_engine, run_until_forked, the_family

pytestmark = [pytest.mark.jail, pytest.mark.slow]

#: What each does while it is imported, and what the result says.
REFUSED = {
    "starts a thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
        "threads were started while importing: 1",
    ),
    "starts a process": (
        "import os, time\nif os.fork() == 0:\n    time.sleep(600)",
        "processes were started while importing: 1",
    ),
    "keeps a file": ("kept = open('/etc/passwd')", "left open while importing: /etc/passwd"),
    "keeps a socket": ("import socket\nkept = socket.socketpair()", "left open while importing: socket:"),
    "sets a variable": ("import os\nos.environ['MORE'] = '1'", "the environment was changed"),
    "removes a variable": ("import os\ndel os.environ['HOME']", "the environment was changed"),
    "shares memory": ("import mmap\nkept = mmap.mmap(-1, 4096)", "shared memory that can be written"),
    "raises": ("raise ValueError('wrong')", "ValueError: wrong"),
    "raises what cannot be printed": (
        "class Bad(Exception):\n    def __str__(self):\n        raise RuntimeError('no')\nraise Bad",
        "",
    ),
    "raises what is no text": ("raise ValueError('\\udcff\\0')", ""),
    "is interrupted": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "lacks a module": ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
    "is no Python": ("def", "SyntaxError"),
    "complains without end": ("import sys\nsys.stderr.write('x' * (1 << 20))", "BlockingIOError"),
    "exits": ("import sys\nsys.exit(3)", "SystemExit: 3"),
    "exits at once": ("import os\nos._exit(0)", "the zygote did not start"),
    "kills itself": ("import os\nos.kill(os.getpid(), 9)", "the zygote did not start"),
    "crashes": ("import ctypes\nctypes.string_at(0)", "the zygote did not start"),
    "closes what is not its own": ("import os\nos.closerange(3, 100)", "the zygote did not start"),
    "changes its user": ("import os\nos.setuid(1000)", "Operation not permitted"),
}
#: Does nothing that children would share; each program runs as if it had not been there.
HARMLESS = {
    "prints": "print('from the library')\nprint('words', end='')\nimport sys\nprint('x', file=sys.stderr)",
    "floods": "print('x' * (1 << 20))",
    "writes to its own folder": "open('/box/work-of-the-library', 'w').write('kept')",
    "starts a thread that ends": (
        "import threading\nthread = threading.Thread(target=int)\nthread.start()\nthread.join()"
    ),
    "starts a process that ends": "import os\nif os.fork() == 0:\n    os._exit(0)\nos.wait()",
}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


def tries(log: pytest.LogCaptureFixture) -> int:
    """Return how many zygotes could not be started."""
    return sum(record.name == "isorun.zygote" for record in log.records)


@pytest.mark.parametrize(("source", "reason"), REFUSED.values(), ids=REFUSED)
async def test_library_that_leaves_something_behind_is_not_shared(
    source: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "isorun.zygote")
    async with library_engine(source) as engine:
        first = await run_python(engine, "print('own')")
        [warden] = wardens()
        await until(lambda: is_idle(warden, 0), what="the zygote has gone")
        before = descriptors()

        second = await run_python(engine, "print('own')")

        for result in (first, second):
            assert (result.status, result.stdout, result.isolation.path) == ("ok", "own\n", "cold")
            assert result.isolation.fallback
            assert reason in result.isolation.fallback
        assert tries(caplog) == 1
        assert (families(warden), descriptors()) == ([], before)


@pytest.mark.parametrize("source", HARMLESS.values(), ids=HARMLESS)
async def test_library_that_leaves_nothing_behind_is_not_seen_in_the_output(source: str) -> None:
    async with library_engine(source) as engine:
        result = await run_python(engine, "import os, sys\nprint('own')\nsys.stderr.write('e')\nos.listdir()")

        assert (result.isolation.path, result.isolation.fallback) == ("fork", None)
        assert (result.stdout, result.stderr, result.value) == ("own\n", "e", [])


async def test_library_that_fails_is_tried_again_later_and_each_time_later(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_zygotes, "_FIRST_BACK_OFF_SECONDS", 0.02)
    caplog.set_level(logging.WARNING, "isorun.zygote")
    async with library_engine("raise ValueError('wrong')") as engine:
        with anyio.fail_after(10):
            while tries(caplog) < 4:
                assert (await run_python(engine, "1 + 1")).value == 2

    delays = [record.args[0] for record in caplog.records if isinstance(record.args, tuple)]
    assert delays == pytest.approx([0.02, 0.04, 0.08, 0.16])


async def test_library_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_zygote, "PRELOAD_SECONDS", 0.5)
    async with library_engine("import time\ntime.sleep(600)") as engine:
        result = await run_python(engine, "1 + 1")
        [warden] = wardens()

        assert (result.value, result.isolation.path) == (2, "cold")
        assert result.isolation.fallback == "the zygote was not ready within 0.5 s"
        await until(lambda: is_idle(warden, 0), what="the zygote has gone")


async def test_program_does_not_wait_longer_than_it_is_worth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_zygotes, "WAIT_SECONDS", 0.05)
    async with library_engine("import time\ntime.sleep(1)") as engine:
        early = await run_python(engine, "1 + 1")
        late = await run_until_forked(engine)

    assert (early.value, early.isolation.path) == (2, "cold")
    assert early.isolation.fallback == "the zygote is not ready yet"
    assert (late.value, late.isolation.fallback) == (2, None)


async def test_library_that_is_slow_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_zygote, "PRELOAD_SECONDS", 5.0)
    async with library_engine("import time\ntime.sleep(0.5)") as engine:
        result = await run_python(engine, "1 + 1")

        assert (result.value, result.isolation.path) == (2, "fork")


async def test_library_that_works_the_second_time_is_shared_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The zygote is killed while it imports, as by a machine that is short of memory."""
    monkeypatch.setattr(_zygotes, "_FIRST_BACK_OFF_SECONDS", 0.05)
    async with library_engine("import time\ntime.sleep(0.3)") as engine, anyio.create_task_group() as tasks:
        results = []

        async def run_one() -> None:
            results.append(await run_python(engine, "1 + 1"))

        await engine.tiers()
        [warden] = wardens()
        tasks.start_soon(run_one)
        await until(lambda: families(warden), what="the zygote imports")
        os.kill(the_family(warden).zygote, signal.SIGKILL)
        forked = await run_until_forked(engine)

    assert [result.value for result in (*results, forked)] == [2, 2]
    assert "the zygote did not start" in (results[0].isolation.fallback or "")
