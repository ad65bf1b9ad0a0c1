"""Programs in real jails that call functions of the host."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from agent._builtin_tools import add_file_tools
from agent._tool_calls import ToolBudget, ToolRun, run_with_tools
from agent._tools import Tools
from engine import Engine, File, Output, Program, Status
from policies import Mount, Policy
from tests.support.jails import config
from tests.support.zygotes import world_readable_folder

pytestmark = pytest.mark.jail


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    async with Engine(config(fork=True)) as opened:
        yield opened


@pytest.fixture
def tools() -> Tools:
    tools = Tools()

    @tools.register
    def double(number: int) -> int:
        """Double."""
        if number == 13:
            raise ValueError("unlucky")
        return 2 * number

    return tools


async def ran(
    engine: Engine, tools: Tools, code: str, policy: Policy | None = None, **more: object
) -> ToolRun:
    return await run_with_tools(engine, Program(code=code), policy, tools, **more)  # type: ignore[arg-type]


async def test_program_computes_with_replies(engine: Engine, tools: Tools) -> None:
    code = """
import tools
print("begin")
value = 1
for _ in range(3):
    value = tools.double(value)
print(value)
"""
    seen: list[bytes] = []

    def emit(output: Output) -> None:
        seen.append(output.data)

    run = await ran(engine, tools, code, emit=emit)

    assert run.result.ok
    assert run.result.stdout == "begin\n8\n"
    assert b"".join(seen) == b"begin\n8\n"
    assert (run.runs, len(run.calls)) == (4, 3)
    assert run.result.files == ()


async def test_error_of_a_tool_can_be_caught(engine: Engine, tools: Tools) -> None:
    code = """
from tools import ToolError, double
try:
    double(13)
except ToolError as error:
    print(error)
"""

    run = await ran(engine, tools, code)

    assert run.result.stdout == "ValueError: unlucky\n"


async def test_nothing_of_the_program_runs_behind_a_call(engine: Engine, tools: Tools) -> None:
    code = (
        "import atexit, tools\natexit.register(print, 'exit')\n"
        "try:\n    tools.double(1)\nfinally:\n    print('finally')"
    )
    seen: list[bytes] = []

    run = await ran(engine, tools, code, emit=lambda output: seen.append(output.data))

    assert b"".join(seen) == run.result.stdout_bytes == b"finally\nexit\n"


async def test_program_can_go_on_when_the_budget_is_used_up(engine: Engine, tools: Tools) -> None:
    code = (
        "import tools\ncount = 0\nwhile True:\n    try:\n        tools.double(count)\n        count += 1\n"
        "    except tools.ToolError as error:\n        print(count, error)\n        break"
    )

    run = await ran(engine, tools, code, budget=ToolBudget(calls=2))

    assert run.result.stdout == "2 the budget of 2 calls is used up\n"
    assert run.runs == 3


async def test_random_calls_are_ended(engine: Engine, tools: Tools) -> None:
    code = "import os, tools\nfor _ in range(2):\n    tools.double(int.from_bytes(os.urandom(6)))"

    run = await ran(engine, tools, code)

    assert run.result.status is Status.ERROR
    assert run.result.error is not None
    assert "did not repeat its calls" in run.result.error.message


@pytest.mark.parametrize(
    ("make", "message"),
    [
        ("open(name, 'w').write('x' * 70_000)", "allowed are 65,536"),
        ("os.symlink('/etc/passwd', name)", "was not collected: symbolic link"),
        ("os.mkfifo(name)", "was not collected: not a regular file"),
        ("open(name, 'w').write('{}')", "is not valid"),
        ("pass", "was not collected"),
    ],
)
async def test_forged_call_is_no_more_than_a_failed_run(
    engine: Engine, tools: Tools, make: str, message: str
) -> None:
    run = await ran(engine, tools, f"import os\nname = '.isorun-call.json'\n{make}\nos._exit(93)")

    assert run.result.status is Status.ERROR
    assert run.result.error is not None
    assert message in run.result.error.message
    assert run.calls == ()


async def test_input_files_and_tools_go_together(engine: Engine, tools: Tools) -> None:
    code = "import tools\nprint(tools.double(int(open('number.txt').read())))"
    program = Program(code=code, files=(File(name="number.txt", data=b"21"),))

    run = await run_with_tools(engine, program, None, tools)

    assert run.result.stdout == "42\n"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a file and a link out of it."""
    with world_readable_folder() as folder:
        (folder / "a.txt").write_text("one\nneedle\n")
        (folder / "out").symlink_to("/etc")
        yield folder


async def test_mounted_files_have_the_same_names_in_the_jail(engine: Engine, folder: Path) -> None:
    policy = Policy(mounts=(Mount(source=str(folder), target="/mnt/data"),))
    tools = Tools()
    add_file_tools(tools, policy)
    code = """
from tools import ToolError, read_file, search_files
(match,) = search_files("needle")
print(match["name"], match["line"])
print(read_file(match["name"], 2)["text"] in open(match["name"]).read())
try:
    read_file("/mnt/data/out/passwd")
except ToolError as error:
    print(error)
"""

    run = await ran(engine, tools, code, policy)

    assert run.result.stdout.startswith("/mnt/data/a.txt 2\nTrue\nMountedFileError: ")
