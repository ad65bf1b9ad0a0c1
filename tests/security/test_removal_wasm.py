"""Each defence inside the process that runs a module, and of the compiler's jail, taken away in turn.

The jail around them is the same as that of the other tiers, whose tests take it apart.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import override

import pytest

from engine import Engine, Host, Program, Result
from engine._host import open_host
from engine._process import Warden
from policies import Limits, Policy
from runtimes.wasm import WasmRuntime
from runtimes.wasm._build import Source
from tests.support.canaries import Canaries
from tests.support.jails import config

from .changed_guest import Change, compiled
from .test_removal import LaxWarden

pytestmark = [pytest.mark.jail, pytest.mark.timeout(60)]

_PAGE = 1 << 16
_GROWS = '(module (memory (export "memory") 1) (func (export "grow") (result i32) (local i32)' + (
    " (loop (br_if 0 (i32.ne (memory.grow (i32.const 256)) (i32.const -1)))) memory.size))"
)
_TABLE = '(module (table 1 funcref) (func (export "grow") (result i32)' + (
    " (loop (br_if 0 (i32.ne (table.grow (ref.null func) (i32.const 65536)) (i32.const -1)))) table.size))"
)
_OPENS = """
#include <fcntl.h>
int main(void) { return open("etc/passwd", O_RDONLY) >= 0 || open("../../etc/passwd", O_RDONLY) >= 0; }
"""
_VARIABLES = "extern char **environ;\nint main(void) { return *environ != 0; }"
_FEATURES = {
    "wasm_threads": '(module (memory (export "memory") 1 1 shared) (func (export "f")))',
    "wasm_multi_memory": '(module (memory 1) (memory 1) (func (export "f")))',
    "wasm_memory64": '(module (memory i64 1) (func (export "f")))',
    "wasm_relaxed_simd": (
        '(module (func (export "f")'
        " (drop (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0)))))"
    ),
    "wasm_exceptions": '(module (tag $e) (func (export "f")))',
    "wasm_gc": '(module (type (struct (field i32))) (func (export "f")))',
    "wasm_function_references": '(module (type $t (func)) (func (export "f") (param (ref $t))))',
    "wasm_wide_arithmetic": (
        '(module (func (export "f") (drop (drop (i64.mul_wide_u (i64.const 1) (i64.const 1))))))'
    ),
    "wasm_custom_page_sizes": '(module (memory 1 (pagesize 1)) (func (export "f")))',
    "wasm_stack_switching": '(module (type $f (func)) (type $k (cont $f)) (func (export "f")))',
}


@asynccontextmanager
async def changed_engine(
    *changes: Change,
    binds: Mapping[str, str] | None = None,
    warden: type[Warden] = Warden,
    fork: bool = True,
    proofs: Path | None = None,
) -> AsyncGenerator[Engine]:
    """Open an engine whose only runtime has changed guest code, or shows compilers more.

    Without a folder for proofs nothing is proven.
    """
    settings = config(fork=fork)
    with compiled(changes) as folder:
        async with open_host(settings, warden) as host:
            async with Engine(settings, runtimes=[_Changed(host, folder, binds or {}, proofs)]) as engine:
                yield engine


class _Changed(WasmRuntime):
    def __init__(self, host: Host, folder: Path, binds: Mapping[str, str], proofs: Path | None) -> None:
        super().__init__(host)
        self._folder = folder
        self._more_binds = binds
        self._proofs = proofs

    @override
    async def _prove(self) -> None:
        if self._proofs is None:
            return
        cache, self._cache = self._cache, self._proofs
        try:
            await super()._prove()
        finally:
            self._cache = cache

    @override
    def _find_parts(self) -> None:
        super()._find_parts()
        self._guest_code = self._folder

    @override
    def _binds(self, source: Source) -> dict[str, str]:
        return {**super()._binds(source), **self._more_binds}


async def run(
    engine: Engine, code: str, language: str, *, memory_mib: int = 64, call: str | None = None
) -> Result:
    policy = Policy(limits=Limits(memory_mib=memory_mib, wall_seconds=10))
    return await engine.run(Program(code=code, language=language, call=call), policy)


async def value_of(code: str, *changes: Change) -> int:
    async with changed_engine(*changes) as engine:
        result = await run(engine, code, "wat", call="grow")
    assert result.ok, result
    return int(result.value)


async def test_limit_of_memory_is_what_stops_a_memory_from_growing() -> None:
    without = Change("wasm", 'store.set_limits(options["memory_bytes"],', "store.set_limits(1 << 40,")

    assert await value_of(_GROWS) * _PAGE <= 64 << 20
    assert await value_of(_GROWS, without) * _PAGE > 64 << 20


async def test_limit_of_elements_is_what_stops_a_table_from_growing() -> None:
    without = Change("wasm", "_TABLE_ELEMENTS = 1, 8, 1, 1 << 20", "_TABLE_ELEMENTS = 1, 8, 1, 1 << 22")

    assert await value_of(_TABLE) <= 1 << 20
    assert await value_of(_TABLE, without) > 1 << 20


async def exit_code(code: str, *changes: Change) -> int | None:
    async with changed_engine(*changes) as engine:
        return (await run(engine, code, "c")).exit_code


async def test_folder_is_the_only_one_that_is_opened() -> None:
    wider = Change("wasm", 'wasi.preopen_dir(_WORK, ".")', 'wasi.preopen_dir("/", ".")')

    assert await exit_code(_OPENS) == 0
    assert await exit_code(_OPENS, wider) == 1


async def test_variables_of_the_process_are_not_those_of_the_module() -> None:
    inherited = Change("wasm", 'wasi.env = list(options["env"].items())', "wasi.inherit_env()")

    assert await exit_code(_VARIABLES) == 0
    assert await exit_code(_VARIABLES, inherited) == 1


@pytest.mark.parametrize("feature", _FEATURES)
@pytest.mark.rows(46)
async def test_feature_is_off(feature: str) -> None:
    switched_on: tuple[Change, ...] = (
        Change("wasm", f'        "{feature}",\n'),
        Change(
            "wasm",
            "    return wasmtime.Engine(config)",
            f"    config.{feature} = True\n    return wasmtime.Engine(config)",
        ),
    )
    more = {"wasm_gc": "wasm_function_references", "wasm_stack_switching": "wasm_function_references"}.get(
        feature
    )
    if more is not None:
        switched_on += (Change("wasm", f'        "{more}",\n'),)
    if feature in ("wasm_exceptions", "wasm_gc", "wasm_function_references", "wasm_stack_switching"):
        switched_on += (Change("wasm", '        "gc_support",\n'),)
    if feature == "wasm_threads":
        switched_on += (Change("wasm", '        "shared_memory",\n'),)

    async with changed_engine() as engine:
        refused = await run(engine, _FEATURES[feature], "wat", call="f")
    async with changed_engine(*switched_on) as engine:
        accepted = await run(engine, _FEATURES[feature], "wat", call="f")

    assert refused.reason == "compile-failed"
    assert "compile" in accepted.stages
    assert accepted.reason != "compile-failed", accepted.stderr


@pytest.mark.rows(44)
async def test_folders_are_what_keeps_a_compiler_from_files_of_the_host(canaries: Canaries) -> None:
    code = f'static char text[] = {{\n#embed "{canaries.file.name}"\n}};\nint main(void) {{ return 0; }}'
    shown = code.replace(canaries.file.name, f"/opt/tools/host/{canaries.file.name}")

    async with changed_engine() as engine:
        refused = await run(engine, shown, "c")
    async with changed_engine(binds={str(canaries.file.parent): "/opt/tools/host"}) as engine:
        accepted = await run(engine, shown, "c")

    assert (refused.reason, accepted.status) == ("compile-failed", "ok")


@pytest.mark.rows(28)
async def test_timer_ends_a_process_whose_warden_does_not() -> None:
    soon = Change("wasm", "_GRACE_SECONDS = 2.0", "_GRACE_SECONDS = 0.2")
    never = Change(
        "wasm", "    _signal.setitimer(_signal.ITIMER_REAL, request[", "    (lambda *_: 0)(request["
    )
    code = "#include <unistd.h>\nint main(void) { sleep(2); return 7; }"
    policy = Policy(limits=Limits(wall_seconds=0.5))

    async with changed_engine(soon, warden=LaxWarden) as engine:
        ended = await engine.run(Program(code=code, language="c"), policy)
    async with changed_engine(never, warden=LaxWarden) as engine:
        went_on = await engine.run(Program(code=code, language="c"), policy)

    assert (ended.status, ended.signal) == ("crashed", "SIGALRM")
    assert went_on.exit_code == 7
