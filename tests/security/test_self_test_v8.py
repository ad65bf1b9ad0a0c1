"""Failing closed: the proof of the tiers on V8 notices a process that may do more than it should."""

from pathlib import Path

import pytest

from engine import Program, RuntimeUnavailableError
from tests.support.removals import (
    CONNECTS,
    LOADS,
    MAY_ALL,
    READS,
    RUNS,
    SEES_SYSTEM,
    WRITES,
    dropped,
    replaced,
)
from tests.support.v8 import UNCHANGED, Changes, Tier, changed_engine

from .removals_pyodide import keeping
from .test_removal import without_seccomp

pytestmark = [pytest.mark.jail, pytest.mark.rows(48), pytest.mark.timeout(60)]

PROGRAMS = {
    "deno": Program(code="console.log('ran')", language="javascript"),
    "pyodide": Program(code="print('ran')"),
}
GIVES_NOTHING_UP = replaced("pyodide.js", "  giveUp();\n")


async def refusal(changes: Changes, proofs: Path, tier: Tier = "deno") -> str:
    """Return why a changed runtime runs nothing."""
    async with changed_engine(changes, tier=tier, proofs=proofs) as engine:
        with pytest.raises(RuntimeUnavailableError) as caught:
            await engine.run(PROGRAMS[tier])

    assert not caught.value.dispatched
    assert caught.value.hint
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param(READS, "the guest code is out of sight", id="read"),
        pytest.param(WRITES, "permissions are those that were given", id="write"),
        pytest.param(RUNS, "permissions are those that were given", id="run"),
        pytest.param(CONNECTS, "permissions are those that were given", id="net"),
        pytest.param(LOADS, "permissions are those that were given", id="ffi"),
        pytest.param(SEES_SYSTEM, "permissions are those that were given", id="sys"),
        pytest.param(dropped("--deny-import"), "nothing is granted on request", id="import"),
        pytest.param(MAY_ALL, "the guest code is out of sight", id="all"),
    ],
)
async def test_weakened_deno_is_refused_by_name(changes: Changes, named: str, tmp_path: Path) -> None:
    message = await refusal(changes, tmp_path)

    assert "does not contain" in message
    assert named in message


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param(GIVES_NOTHING_UP, "permissions are those that were given", id="nothing given up"),
        pytest.param(keeping("ffi"), "permissions are those that were given", id="ffi"),
        pytest.param(keeping("env"), "permissions are those that were given", id="env"),
    ],
)
async def test_weakened_pyodide_is_refused_by_name(changes: Changes, named: str, tmp_path: Path) -> None:
    message = await refusal(changes, tmp_path, "pyodide")

    assert "does not contain" in message
    assert named in message


async def test_weakened_jail_is_refused_before_deno_is_asked(tmp_path: Path) -> None:
    message = await refusal(Changes(jail=without_seccomp), tmp_path)

    assert "system calls are filtered" in message


@pytest.mark.parametrize(
    ("tier", "entry"), [("deno", "javascript.js"), ("pyodide", "pyodide.js")], ids=["deno", "pyodide"]
)
async def test_guest_code_that_does_not_start_is_refused(tier: Tier, entry: str, tmp_path: Path) -> None:
    changes = replaced(entry, "import { closeMounts", "throw 'broken';\nimport { closeMounts")

    assert "no jail can be started here" in await refusal(changes, tmp_path, tier)


async def test_refused_runtime_runs_nothing(tmp_path: Path) -> None:
    """A second call to a refused tier is refused again, and no proof is kept."""
    async with changed_engine(READS, proofs=tmp_path) as engine:
        for _ in range(2):
            with pytest.raises(RuntimeUnavailableError):
                await engine.run(PROGRAMS["deno"])

    assert len(proofs_in(tmp_path)) == 1  # that of the jail


@pytest.mark.parametrize("fork", [False, True], ids=["exec", "fork"])
@pytest.mark.parametrize("tier", ["deno", "pyodide"])
async def test_unchanged_runtime_passes_the_proof(tier: Tier, fork: bool, tmp_path: Path) -> None:
    async with changed_engine(UNCHANGED, tier=tier, fork=fork, proofs=tmp_path) as engine:
        result = await engine.run(PROGRAMS[tier])

    assert (result.stdout, result.isolation.fallback) == ("ran\n", None)
    assert len(proofs_in(tmp_path)) == (3 if fork else 2)


async def test_proof_is_kept_for_the_next_engine(tmp_path: Path) -> None:
    async with changed_engine(UNCHANGED, proofs=tmp_path) as engine:
        await engine.run(PROGRAMS["deno"])
    first = proofs_in(tmp_path)

    async with changed_engine(UNCHANGED, proofs=tmp_path) as engine:
        await engine.run(PROGRAMS["deno"])

    assert proofs_in(tmp_path) == first


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(RUNS, id="flag"),
        pytest.param(dropped("--deny-import"), id="flag left out"),
        pytest.param(READS, id="folders"),
    ],
)
async def test_proof_of_one_command_line_is_none_for_another(changes: Changes, tmp_path: Path) -> None:
    async with changed_engine(UNCHANGED, proofs=tmp_path) as engine:
        await engine.run(PROGRAMS["deno"])

    assert "does not contain" in await refusal(changes, tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(Changes(variables={"DENO_DIR": "/box/deno"}), id="variables"),
        pytest.param(replaced("javascript.js", "REHEARSALS = 10", "REHEARSALS = 1"), id="guest code"),
    ],
)
async def test_process_that_is_started_otherwise_is_proven_anew(changes: Changes, tmp_path: Path) -> None:
    async with changed_engine(UNCHANGED, proofs=tmp_path) as engine:
        await engine.run(PROGRAMS["deno"])
    before = proofs_in(tmp_path)

    async with changed_engine(changes, proofs=tmp_path) as engine:
        await engine.run(PROGRAMS["deno"])

    assert len(proofs_in(tmp_path) - before) == 1


def proofs_in(folder: Path) -> set[str]:
    return {path.name for path in (folder / "proofs").iterdir()}
