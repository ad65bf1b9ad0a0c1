"""Failing closed: the proof of the tier notices a process that gives a module more than it should."""

from pathlib import Path
from typing import override

import pytest

from engine import Engine, Program, RuntimeUnavailableError
from engine._host import open_host
from runtimes.wasm import WasmRuntime
from tests.support.jails import config

from .changed_guest import Change
from .test_removal_wasm import changed_engine

pytestmark = [pytest.mark.jail, pytest.mark.rows(48), pytest.mark.timeout(60)]

PROGRAM = Program(code='(module (func (export "_start")))', language="wat")
FOLDER = 'self.wasi.preopen_dir(_WORK, ".")'
WIDER = Change("wasm", FOLDER, 'self.wasi.preopen_dir("/", ".")')


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (WIDER, "nothing above the working folder can be opened"),
        (
            Change("wasm", FOLDER, f'{FOLDER}; self.wasi.preopen_dir("/box/tmp", "t")'),
            "there is one folder",
        ),
        (
            Change("wasm", 'wasi.env = list(options["env"].items())', "wasi.inherit_env()"),
            "no variable is inherited",
        ),
        (
            Change("wasm", 'store.set_limits(options["memory_bytes"],', "store.set_limits(1 << 40,"),
            "the memory of a module is limited",
        ),
        (
            Change("wasm", "_TABLE_ELEMENTS = 1, 8, 1, 1 << 20", "_TABLE_ELEMENTS = 1, 8, 1, 1 << 22"),
            "the tables of a module are limited",
        ),
    ],
)
async def test_process_that_gives_more_is_refused_by_name(change: Change, named: str, tmp_path: Path) -> None:
    async with changed_engine(change, proofs=tmp_path) as engine:
        with pytest.raises(RuntimeUnavailableError) as caught:
            await engine.run(PROGRAM)

    assert not caught.value.dispatched
    assert caught.value.hint
    assert str(caught.value).endswith(f"not true that {named}")


async def test_refused_tier_is_refused_again(tmp_path: Path) -> None:
    async with changed_engine(WIDER, proofs=tmp_path) as engine:
        for _ in range(2):
            with pytest.raises(RuntimeUnavailableError, match="does not contain"):
                await engine.run(PROGRAM)


@pytest.mark.parametrize("fork", [False, True])
async def test_unchanged_process_passes_and_jail_and_process_are_proven(fork: bool, tmp_path: Path) -> None:
    async with changed_engine(proofs=tmp_path, fork=fork) as engine:
        result = await engine.run(PROGRAM)

    assert result.ok
    assert len(list((tmp_path / "proofs").iterdir())) == (3 if fork else 2)


async def test_tier_needs_cgroups() -> None:
    class WithoutCgroups(WasmRuntime):
        @property
        @override
        def _has_cgroups(self) -> bool:
            return False

    settings = config(fork=True)
    async with open_host(settings) as host, Engine(settings, runtimes=[WithoutCgroups(host)]) as engine:
        with pytest.raises(RuntimeUnavailableError, match="cgroup") as caught:
            await engine.run(PROGRAM)

    assert caught.value.hint
