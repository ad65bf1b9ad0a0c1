"""Programs in containers: compile stages, modules, what is where, and long output."""

from collections.abc import AsyncGenerator

import pytest

from engine import Engine, File, Output, Program, Result
from engine._host import open_host
from policies import Compile, Policy
from runtimes.docker import DockerRuntime
from tests.support.daemons import require_daemon
from tests.support.jails import config

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    settings = config()
    async with open_host(settings) as host:
        async with Engine(settings, runtimes=[DockerRuntime(host)]) as opened:
            yield opened


@pytest.fixture(autouse=True, scope="module")
def daemon() -> None:
    require_daemon()


JAVA = """
import java.util.*;

public class Greeting {
    record Name(String text) {}
    // class Decoy { public static void main(String[] a) {} }
    public static void main(String[] arguments) {
        System.out.println(new Name(arguments[0]) + " " + new Scanner(System.in).nextLine());
        System.exit(3);
    }
}
"""
GO = """
package main

import "os"

func main() { println("to stderr"); os.Exit(4) }
"""


async def run(engine: Engine, code: str, language: str, **parts: object) -> Result:
    return await engine.run(Program(code=code, language=language, **parts))  # type: ignore[arg-type]


async def test_java_is_compiled_then_run(engine: Engine) -> None:
    result = await run(engine, JAVA, "java", args=("Ada",), stdin=b"hello\n")

    assert (result.stdout, result.exit_code) == ("Name[text=Ada] hello\n", 3)
    assert [stage.status for stage in result.stages.values()] == ["ok", "error"]


async def test_go_is_compiled_then_run(engine: Engine) -> None:
    result = await run(engine, GO, "go")

    assert (result.stderr, result.exit_code) == ("to stderr\n", 4)
    assert result.stages["compile"].status == "ok"


@pytest.mark.parametrize(
    ("code", "language", "said"),
    [
        ("class Main { void f() { int x = true; } }", "java", "incompatible types"),
        ("package main\nfunc main() { x := 1 }", "go", "declared"),
    ],
)
async def test_program_that_does_not_compile_is_an_error_with_diagnostics(
    engine: Engine, code: str, language: str, said: str
) -> None:
    result = await run(engine, code, language)

    assert (result.status, result.reason) == ("error", "compile-failed")
    assert said in result.stderr
    assert "run" not in result.stages


async def test_compiler_has_limits_of_its_own(engine: Engine) -> None:
    policy = Policy(compile=Compile(wall_seconds=0.2))
    result = await engine.run(Program(code=JAVA, language="java"), policy)

    assert (result.status, result.reason) == ("timeout", "wall-limit")
    assert "run" not in result.stages


async def test_input_files_are_beside_the_source_when_it_is_compiled(engine: Engine) -> None:
    helper = File(name="Helper.java", data=b"class Helper { static int seven() { return 7; } }")
    code = "class Main { public static void main(String[] a) { System.out.println(Helper.seven()); } }"
    result = await run(engine, code, "java", files=(helper,))

    assert (result.stdout, result.files) == ("7\n", ())


async def test_input_module_can_be_imported(engine: Engine) -> None:
    result = await run(
        engine, "import helper\nprint(helper.x)", "python", files=(File(name="helper.py", data=b"x = 5"),)
    )

    assert result.stdout == "5\n"


@pytest.mark.parametrize(
    "code",
    [
        "import fs from 'node:fs';\nconsole.log(typeof fs.readFileSync)",
        "console.log(typeof require('fs').readFileSync)",
    ],
    ids=["es-module", "commonjs"],
)
@pytest.mark.parametrize("language", ["javascript", "node"])
async def test_node_runs_both_kinds_of_modules(engine: Engine, code: str, language: str) -> None:
    assert (await run(engine, code, language)).stdout == "function\n"


async def test_signal_is_told_from_the_exit_code_that_looks_like_it(engine: Engine) -> None:
    by_signal = await run(engine, "kill -KILL $$", "sh")
    by_code = await run(engine, "exit 137", "sh")

    assert (by_signal.status, by_signal.signal, by_signal.exit_code) == ("crashed", "SIGKILL", None)
    assert (by_code.status, by_code.signal, by_code.exit_code) == ("error", None, 137)


async def test_forbidden_system_call_is_denied(engine: Engine) -> None:
    code = "import ctypes\nctypes.CDLL(None).ptrace(0, 0, 0, 0)\nprint('reached')"
    result = await run(engine, code, "python")

    assert (result.status, result.reason, result.stdout) == ("denied", "system-call", "")
    assert result.hint


async def test_error_output_of_every_length_arrives(engine: Engine) -> None:
    chunks: list[Output] = []
    code = "import sys\nfor n in range(2000): sys.stderr.write('x' * n)"
    result = await engine.run(Program(code=code), emit=chunks.append)

    assert len(result.stderr_bytes) == sum(range(2000))
    assert not result.stderr_truncated
