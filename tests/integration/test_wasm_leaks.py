"""Runs of modules that end in every way, and sessions, leave the process and the machine as they were."""

import os
import tempfile
from pathlib import Path

import pytest

from engine import Engine, File, Program, Status
from policies import Isolation, Limits
from tests.integration.test_leaks import GROWTH_MIB, GROWTH_OF_WARDEN_MIB, Kind, run_all
from tests.integration.test_v8_leaks import is_settled, state
from tests.support.jails import config
from tests.support.machine import resident_mib, until, wardens

pytestmark = [pytest.mark.jail, pytest.mark.slow, pytest.mark.timeout(180)]

RUNS = 400 if os.environ.get("ISORUN_TEST_ALL") else 60
SESSIONS = 6
WASM = Isolation(require=("wasm",))
_COPY = (
    '#include <stdio.h>\nint main(void) { FILE *in = fopen("in", "r"), *out = fopen("out", "w");'
    " for (int byte; (byte = getc(in)) != EOF;) putc(byte, out); }"
)


def c(code: str, *files: File) -> Program:
    return Program(code=code, language="c", files=files)


KINDS = (
    Kind(c('#include <stdio.h>\nint main(void) { puts("out"); }'), Limits(), Status.OK, WASM),
    Kind(c("int main(void) { return 3; }"), Limits(), Status.ERROR, WASM),
    Kind(c("int main(void) { return }"), Limits(), Status.ERROR, WASM),
    Kind(c("#include <stdlib.h>\nint main(void) { abort(); }"), Limits(), Status.CRASHED, WASM),
    Kind(c(_COPY, File(name="in", data=b"x" * 100_000)), Limits(), Status.OK, WASM),
    Kind(
        c("int main(void) { for (volatile int n = 0;; n++); }"),
        Limits(wall_seconds=0.1),
        Status.TIMEOUT,
        WASM,
    ),
    Kind(
        c('#include <stdio.h>\nint main(void) { for (;;) puts("x"); }'),
        Limits(output_kib=64),
        Status.OUTPUT,
        WASM,
    ),
    Kind(c("#include <unistd.h>\nint main(void) { sleep(60); }"), Limits(), None, WASM),
)


@pytest.fixture
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


async def use_sessions(engine: Engine) -> None:
    for number in range(SESSIONS):
        async with engine.session() as session:
            for _ in range(3):
                await session.run(KINDS[number % 4].program)


@pytest.mark.parametrize(("waiting", "fork"), [(0, False), (2, True)], ids=["on demand", "warm"])
async def test_mixed_modules_leave_everything_as_it_was(
    waiting: int, fork: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # others use the common one at the same time
    async with Engine(config(fork=fork, pool={"warm": waiting})) as engine:
        await run_all(engine, 3 * len(KINDS), KINDS)  # worker threads, caches and the heap reach their size
        await use_sessions(engine)
        await until(lambda: is_settled(engine, waiting), what="the runs have gone")
        [warden] = wardens()
        before, ours_before, wardens_before = state(), resident_mib(), resident_mib(warden)

        await run_all(engine, RUNS, KINDS)
        await use_sessions(engine)

        await until(lambda: is_settled(engine, waiting), what="the runs have gone")
        assert state() == before
        assert resident_mib() - ours_before < GROWTH_MIB
        assert resident_mib(warden) - wardens_before < GROWTH_OF_WARDEN_MIB
        assert engine.stats().active == 0
