"""Each program in `attacks_wasm/` is contained by its jail, each in `attacks_compile/` by the compiler's."""

from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest

from engine import Engine, Program
from policies import Compile
from tests.support.attacks import Corpus, assert_nothing_reached, described
from tests.support.canaries import Canaries
from tests.support.jails import config
from tests.support.samples import sample

from .warm import one_by_one, side_by_side

pytestmark = pytest.mark.jail
RUNNING = Corpus(Path(__file__).parent / "attacks_wasm", runtime="wasm")
COMPILING = Corpus(Path(__file__).parent / "attacks_compile", runtime="wasm")
#: What a bomb may use until it is stopped.
BOUNDS = Compile(wall_seconds=6, cpu_seconds=4, memory_mib=384, disk_mib=64)
AT_ONCE = 4
HARMLESS = Program(code='#include <stdio.h>\nint main(void) { puts("harmless"); }', language="c")


@pytest.fixture(scope="module", params=[False, True], ids=["exec", "fork"])
async def engine(
    request: pytest.FixtureRequest,
    anyio_backend: str,
    canaries: Canaries,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncGenerator[Engine]:
    async with Engine(config(fork=request.param)) as opened:
        yield opened


@pytest.fixture(scope="module")
async def warm_engine(anyio_backend: str, canaries: Canaries) -> AsyncGenerator[Engine]:
    async with Engine(config(fork=True, pool={"warm": 1, "max-size": AT_ONCE + 2})) as opened:
        yield opened


@pytest.mark.parametrize("name", RUNNING.names())
async def test_attack_on_wasm_is_contained(name: str, engine: Engine, canaries: Canaries) -> None:
    result = await engine.run(RUNNING.program(name, canaries), RUNNING.policy(name))

    assert RUNNING.complaints(name, result) == []
    assert_nothing_reached(result, canaries)


#: By exec and by fork; the way to a jail matters little to a compiler in it.
COMPILED = [(False, name) for name in sample(COMPILING.names(), 5)] + [
    (True, name) for name in COMPILING.names()
]


@pytest.mark.parametrize(
    ("engine", "name"),
    COMPILED,
    indirect=["engine"],
    ids=lambda part: {False: "exec", True: "fork"}.get(part, part),
)
async def test_attack_on_a_compiler_is_contained(name: str, engine: Engine, canaries: Canaries) -> None:
    policy = msgspec.structs.replace(COMPILING.policy(name), compile=BOUNDS)

    result = await engine.run(COMPILING.program(name, canaries), policy)

    assert COMPILING.complaints(name, result) == []
    assert_nothing_reached(result, canaries)


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("c", '#include "{path}"\nint main(void) {{ return 0; }}'),
        ("c", 'static char text[] = {{\n#embed "{path}"\n}};\nint main(void) {{ return text[0]; }}'),
        ("c", 'asm(".section .data.x,\\"\\",@\\n.incbin \\"{path}\\"\\n");\nint main(void) {{ return 0; }}'),
        ("cpp", "#include <{path}>\nint main() {{ return 0; }}"),
        ("rust", 'fn main() {{ print!("{{}}", include_str!("{path}")); }}'),
    ],
)
@pytest.mark.rows(1, 44)
async def test_file_of_the_host_cannot_be_compiled_in(
    language: str, code: str, engine: Engine, canaries: Canaries
) -> None:
    program = Program(code=code.format(path=canaries.file), language=language)

    result = await engine.run(program)

    assert (result.status, result.reason) == ("error", "compile-failed"), described(result)
    assert_nothing_reached(result, canaries)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.rows(22)
async def test_attacks_on_wasm_are_contained_side_by_side(warm_engine: Engine, canaries: Canaries) -> None:
    complaints = await side_by_side(warm_engine, RUNNING, canaries, at_once=AT_ONCE)

    assert complaints == []


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.rows(21, 31)
async def test_run_after_each_attack_on_wasm_is_unaffected(warm_engine: Engine, canaries: Canaries) -> None:
    complaints = await one_by_one(warm_engine, RUNNING, canaries, HARMLESS)

    assert complaints == []
