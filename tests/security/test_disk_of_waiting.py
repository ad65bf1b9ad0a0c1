"""The limits of disk and files are those of the run, whatever the sandbox that waited was started with."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from engine import Engine, Program, Result, SandboxStartError
from policies import Isolation
from runtimes.jails import _sandbox
from tests.support.jails import config, limited
from tests.support.machine import until

pytestmark = [pytest.mark.jail, pytest.mark.timeout(60)]

# Files of a MiB each: the size of a single file is bounded apart.


def _python(mebibytes: int) -> str:
    return f"for number in range({mebibytes}):\n    open(str(number), 'wb').write(bytes(1 << 20))"


def _javascript(mebibytes: int) -> str:
    part = "new Uint8Array(1 << 20)"
    return f"for (let n = 0; n < {mebibytes}; n++) Deno.writeFileSync(String(n), {part})"


def _c(mebibytes: int) -> str:
    return (
        "#include <stdio.h>\nstatic char part[1 << 20];\nint main(void) {\n"
        f'for (int i = 0; i < {mebibytes}; i++) {{ char name[16]; sprintf(name, "%d", i);\n'
        'FILE *file = fopen(name, "wb"); if (!file) return 2;\n'
        "if (fwrite(part, 1, sizeof part, file) != sizeof part || fclose(file)) return 1; }\nreturn 0; }"
    )


#: Runtime -> language, whether it is forked, and a program that writes so many MiB.
TIERS: dict[str, tuple[str, str, bool, Callable[[int], str]]] = {
    "exec": ("nsjail", "python", False, _python),
    "fork": ("nsjail", "python", True, _python),
    "deno": ("deno", "javascript", True, _javascript),
    "pyodide": ("pyodide", "python", True, _python),
    "wasm": ("wasm", "c", True, _c),
}


@asynccontextmanager
async def waiting(tier: str) -> AsyncGenerator[Callable[[int, float], Awaitable[Result]]]:
    """Have sandboxes wait, started with the usual limits; yield what writes so much under a limit."""
    runtime, language, fork, code = TIERS[tier]
    isolation = Isolation(require=(runtime,))
    async with Engine(config(fork=fork, pool={"warm": 1})) as engine:

        async def write(mebibytes: int, disk_mib: float) -> Result:
            limits = limited(disk_mib=disk_mib, artifact_mib=0)
            policy = msgspec.structs.replace(limits, isolation=isolation)
            await until(lambda: not engine.stats().pools or engine.stats().pools[0].idle, what="one waits")
            return await engine.run(Program(code=code(mebibytes), language=language), policy)

        await write(1, 64)
        yield write


@pytest.mark.rows(26)
@pytest.mark.parametrize("tier", TIERS)
async def test_less_disk_than_the_sandbox_was_started_with_is_all_there_is(tier: str) -> None:
    async with waiting(tier) as write:
        above = await write(5, 4)
        below = await write(3, 4)

    assert (above.status, above.isolation.path) == ("disk", "warm")
    assert (below.status, below.isolation.path) == ("ok", "warm")


@pytest.mark.parametrize("tier", TIERS)
async def test_more_disk_than_the_sandbox_was_started_with_can_be_used(tier: str) -> None:
    async with waiting(tier) as write:
        above = await write(97, 96)
        below = await write(95, 96)

    assert (above.status, above.isolation.path) == ("disk", "warm")
    assert (below.status, below.isolation.path) == ("ok", "warm")


async def test_without_the_resize_more_could_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sandbox, "resize", lambda work, disk_bytes, file_count: None)

    async with waiting("fork") as write:
        above = await write(5, 4)

    assert above.status == "ok"


async def test_size_that_cannot_be_set_is_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(work: int, disk_bytes: int, file_count: int) -> None:
        raise OSError(22, "not possible")

    monkeypatch.setattr(_sandbox, "resize", refuse)

    async with waiting("fork") as write:
        with pytest.raises(SandboxStartError, match="not possible"):
            await write(1, 4)
