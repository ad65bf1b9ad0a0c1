"""Several programs in one sandbox: what they share, what ends it, and that nobody else is in it."""

from collections.abc import AsyncGenerator

import anyio
import pytest

from engine import ConfigError, Engine, File, Output, Program
from policies import Limits, Policy
from tests.support.jails import config
from tests.support.machine import jailed, until, wardens

pytestmark = pytest.mark.jail

ECHO = """
#include <stdio.h>
#include <stdlib.h>
int counter;
int main(int count, char **texts) {
  char word[100] = "-";
  scanf("%99s", word);
  printf("%s %d %s\\n", word, ++counter, count > 1 ? texts[1] : "none");
  return count > 2 ? atoi(texts[2]) : 0;
}
"""
FILES = """
#include <stdio.h>
int main(int count, char **texts) {
  FILE *file = fopen(texts[1], "r");
  puts(file ? "there" : "none");
  fclose(fopen(texts[1], "w"));
}
"""
ABORT = "#include <stdlib.h>\nint main(void) { abort(); }"
LOOP = "int main(void) { for (volatile int n = 0;; n++); }"
WAIT = '#include <stdio.h>\n#include <unistd.h>\nint main(void) { puts("up"); fflush(stdout); sleep(600); }'
FLOOD = '#include <stdio.h>\nint main(void) { for (;;) puts("xxxxxxxxxxxxxxxx"); }'


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    async with Engine(config(fork=True)) as opened:
        yield opened


def program(code: str, *args: str, stdin: bytes = b"", files: tuple[File, ...] = ()) -> Program:
    return Program(code=code, language="c", args=args, stdin=stdin, files=files)


async def test_each_run_has_its_own_input_output_arguments_and_memory(engine: Engine) -> None:
    async with engine.session() as session:
        first = await session.run(program(ECHO, "a", stdin=b"one"))
        second = await session.run(program(ECHO, stdin=b"two"))
        third = await session.run(program(ECHO, "b", "7"))

    assert [one.stdout for one in (first, second, third)] == ["one 1 a\n", "two 1 none\n", "- 1 b\n"]
    assert [one.exit_code for one in (first, second, third)] == [0, 0, 7]
    assert [one.status for one in (first, second, third)] == ["ok", "ok", "error"]
    assert [one.isolation.path for one in (first, second, third)] == ["fork", "warm", "warm"]


async def test_files_stay_for_the_next_program_of_the_session_only(engine: Engine) -> None:
    async with engine.session() as session:
        outputs = [(await session.run(program(FILES, "file"))).stdout for _ in range(2)]
    async with engine.session() as other:
        outputs.append((await other.run(program(FILES, "file"))).stdout)
    outputs.append((await engine.run(program(FILES, "file"))).stdout)

    assert outputs == ["none\n", "there\n", "none\n", "none\n"]


async def test_input_files_replace_those_of_the_program_before(engine: Engine) -> None:
    read = (
        '#include <stdio.h>\nint main(void) { char t[9]; fgets(t, 9, fopen("in", "r")); fputs(t, stdout); }'
    )
    async with engine.session() as session:
        results = [
            await session.run(program(read, files=(File(name="in", data=data, read_only=True),)))
            for data in (b"one", b"two")
        ]

    assert [one.stdout for one in results] == ["one", "two"]


async def test_programs_in_other_languages_share_the_sandbox(engine: Engine) -> None:
    async with engine.session() as session:
        await session.run(program(FILES, "file"))
        code = 'fn main() { print!("{}", std::path::Path::new("file").exists()); }'
        result = await session.run(Program(code=code, language="rust"))

    assert (result.stdout, result.isolation.path) == ("true", "warm")


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        (ABORT, "crashed", "unreachable"),
        (LOOP, "timeout", "cpu-limit"),
        (WAIT, "timeout", "wall-limit"),
        (FLOOD, "output", "output-limit"),
    ],
)
async def test_session_goes_on_in_a_new_sandbox_after_an_end_by_force(
    code: str, status: str, reason: str, engine: Engine
) -> None:
    limits = Limits(wall_seconds=1.0, cpu_seconds=0.4, output_kib=64)
    async with engine.session(Policy(limits=limits)) as session:
        await session.run(program(FILES, "file"))
        ended = await session.run(program(code))
        after = await session.run(program(FILES, "file"))

    assert (ended.status, ended.reason) == (status, reason)
    assert (after.stdout, after.isolation.path) == ("none\n", "fork")


async def test_limits_count_for_each_program_alone(engine: Engine) -> None:
    burn = "#include <time.h>\nint main(void) { while (clock() < CLOCKS_PER_SEC / 5); }"
    async with engine.session(Policy(limits=Limits(cpu_seconds=0.5, wall_seconds=1))) as session:
        results = [await session.run(program(burn)) for _ in range(5)]

    assert [one.status for one in results] == ["ok"] * 5
    assert [one.isolation.path for one in results[1:]] == ["warm"] * 4


async def test_idle_session_is_under_no_clock(engine: Engine) -> None:
    async with engine.session(Policy(limits=Limits(wall_seconds=0.2))) as session:
        await session.run(program(ECHO))
        await anyio.sleep(0.5)  # longer than a program may run
        result = await session.run(program(ECHO))

    assert (result.status, result.isolation.path) == ("ok", "warm")


async def test_output_of_a_session_is_emitted_as_it_comes(engine: Engine) -> None:
    chunks: list[Output] = []
    async with engine.session() as session:
        await session.run(program(ECHO))
        await session.run(program(ECHO, stdin=b"x"), emit=chunks.append)

    assert b"".join(chunk.data for chunk in chunks) == b"x 1 none\n"


async def test_large_input_and_output_go_through(engine: Engine) -> None:
    copy = "#include <stdio.h>\nint main(void) { for (int byte; (byte = getchar()) != EOF;) putchar(byte); }"
    data = bytes(range(256)) * 8000
    async with engine.session() as session:
        results = [await session.run(program(copy, stdin=data)) for _ in range(2)]

    assert all(one.stdout_bytes == data for one in results)


async def test_cancelling_a_program_ends_it_and_the_session_goes_on(engine: Engine) -> None:
    [warden] = wardens()
    async with engine.session() as session:
        with anyio.CancelScope() as scope:
            await session.run(program(WAIT), emit=lambda output: scope.cancel())
        result = await session.run(program(ECHO))

        assert scope.cancelled_caught
        assert (result.status, result.isolation.path) == ("ok", "fork")
    # Only the zygotes are left, of builds and of runs.
    await until(lambda: engine.stats().active == 0, what="nothing runs")
    assert warden


async def test_killed_program_gives_a_result_and_its_session_goes_on_in_a_new_sandbox(engine: Engine) -> None:
    ready = anyio.Event()

    async def kill() -> None:
        await ready.wait()
        [info] = engine.runs()
        await engine.kill(info.id)

    async with engine.session() as session, anyio.create_task_group() as tasks:
        await session.run(program(FILES, "file"))
        tasks.start_soon(kill)
        ended = await session.run(program(WAIT), emit=lambda output: ready.set())
        after = await session.run(program(FILES, "file"))

    assert (ended.status, ended.reason, ended.stdout.rstrip()) == ("cancelled", "cancelled", "up")
    assert (after.stdout, after.isolation.path) == ("none\n", "fork")


async def test_closed_session_leaves_no_process_and_takes_no_program(engine: Engine) -> None:
    [warden] = wardens()
    await until(lambda: engine.stats().pools[-1].leased == 0, what="nothing is lent")
    before = len(jailed(warden))
    async with engine.session() as session:
        await session.run(program(ECHO))
        assert len(jailed(warden)) > before
    await until(lambda: len(jailed(warden)) == before, what="its processes are gone")

    with pytest.raises(ConfigError, match="the session is closed"):
        await session.run(program(ECHO))


async def test_program_that_does_not_compile_leaves_the_sandbox_alone(engine: Engine) -> None:
    async with engine.session() as session:
        await session.run(program(FILES, "file"))
        failed = await session.run(program("int main(void) { return }"))
        after = await session.run(program(FILES, "file"))

    assert failed.reason == "compile-failed"
    assert after.stdout == "there\n"


async def test_language_without_sessions_is_refused(engine: Engine) -> None:
    async with engine.session() as session:
        with pytest.raises(ConfigError, match="has no sessions for `python`"):
            await session.run(Program(code="1"))


async def test_sessions_side_by_side_do_not_mix(engine: Engine) -> None:
    outputs: dict[int, list[str]] = {}

    async def work(number: int) -> None:
        async with engine.session() as session:
            outputs[number] = [
                (await session.run(program(ECHO, str(turn), stdin=str(number).encode()))).stdout
                for turn in range(5)
            ]

    async with anyio.create_task_group() as tasks:
        for number in range(3):
            tasks.start_soon(work, number)

    assert outputs == {n: [f"{n} 1 {turn}\n" for turn in range(5)] for n in range(3)}
