"""The floor, and the same program without a sandbox: real processes, but small ones."""

import shutil
from pathlib import Path

import pytest

from engine._process import ToolError
from engine.bench._compute import milliseconds
from engine.bench._floor import Floor, MeasureError, base_python, floor_command, tool_ms
from engine.bench._kernels import KERNELS
from engine.bench._native import Native

pytestmark = pytest.mark.slow


@pytest.fixture
def anyio_backend() -> str:
    """They wait for a thread only, in the same way on both event loops."""
    return "asyncio"


async def test_floor_is_the_time_of_a_process() -> None:
    assert 1 < await Floor().start_ms() < 60_000


def test_floor_is_the_interpreter_below_a_virtual_environment() -> None:
    assert Path(base_python()).is_file()
    assert floor_command()[1:] == ["-I", "-S", "-c", "print(1+1)"]


async def test_rate_of_the_floor_is_that_of_several_at_once() -> None:
    rate = await Floor().starts_per_second(2, 4)

    assert rate is not None
    assert 0 < rate < 100_000


async def test_rate_of_the_floor_needs_xargs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert await Floor().starts_per_second(2, 4) is None


async def test_memory_of_the_floor_is_that_of_an_interpreter() -> None:
    assert 0.5 < await Floor().memory_mib() < 200


def test_command_that_says_something_else_is_no_floor() -> None:
    with pytest.raises(MeasureError, match="wrote '2"):
        tool_ms(floor_command(), expected="3\n")


async def test_interpreter_runs_source_after_the_prologue() -> None:
    native = Native((base_python(), "-I", "-S"), ".py", "x = 6\n", {"FACTOR": "7"})

    said = await native.output("import os\nprint(x * int(os.environ['FACTOR']))")

    assert said == "42\n"


async def test_program_that_fails_is_an_error() -> None:
    with pytest.raises(ToolError, match="ZeroDivisionError"):
        await Native((base_python(), "-I", "-S"), ".py").output("1/0")


async def test_compiled_computation_says_how_long_it_takes() -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no `cc`")
    native = Native(suffix=".c", compiler=(compiler, "-O2"), libraries=("-lm",))

    said = await native.output(KERNELS["c"]["product"])

    assert 0.01 < milliseconds(said) < 10_000


async def test_interpreted_computation_says_how_long_it_takes() -> None:
    said = await Native((base_python(), "-I", "-S"), ".py").output(KERNELS["python"]["loop"])

    assert 0.01 < milliseconds(said) < 10_000
