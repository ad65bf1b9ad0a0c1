"""Failing closed: the start-up proof notices a jail that does not contain, and the tier is refused."""

import pytest
from nsjail.config import NsJailConfig

from engine import RuntimeUnavailableError
from tests.support.jails import Edit, ProvenRuntime, edited_engine, run_python

from .changed_guest import UNVERIFIED, Change, changed_proven_engine, without_step
from .test_removal import with_capabilities, without_pid_namespace, without_seccomp
from .test_removal_fork import PROC_OF_ZYGOTE

pytestmark = [pytest.mark.jail, pytest.mark.rows(48)]


def unchanged(jail: NsJailConfig) -> None:
    pass


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (without_seccomp, "system calls are filtered"),
        (with_capabilities, "no capability"),
        (without_pid_namespace, "other processes are out of sight"),
    ],
)
async def test_weakened_jail_is_refused_by_name(edit: Edit, named: str) -> None:
    async with edited_engine(edit, runtime=ProvenRuntime) as engine:
        with pytest.raises(RuntimeUnavailableError) as caught:
            await run_python(engine, "print('ran')")

    assert named in str(caught.value)
    assert "does not contain" in str(caught.value)
    assert caught.value.hint


async def test_jail_that_does_not_start_is_refused() -> None:
    def broken(jail: NsJailConfig) -> None:
        jail.mount[0].src = "/does/not/exist"

    async with edited_engine(broken, runtime=ProvenRuntime) as engine:
        with pytest.raises(RuntimeUnavailableError) as caught:
            await run_python(engine, "print('ran')")

    assert not caught.value.dispatched


async def test_unchanged_jail_passes_the_proof() -> None:
    async with edited_engine(unchanged, runtime=ProvenRuntime) as engine:
        result = await run_python(engine, "print('ran')")

    assert result.stdout == "ran\n"


async def test_refused_runtime_runs_nothing() -> None:
    """A second call to a refused tier is refused again: there is no fall-back."""
    async with edited_engine(without_seccomp, runtime=ProvenRuntime) as weakened:
        for _ in range(2):
            with pytest.raises(RuntimeUnavailableError):
                await run_python(weakened, "print('ran')")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ((without_step("filter_system_calls"), UNVERIFIED), "system calls are filtered"),
        ((Change("kernel", "range(_MAX_CAPABILITIES)", "()"), UNVERIFIED), "no capability"),
        ((PROC_OF_ZYGOTE, UNVERIFIED), "other processes are out of sight"),
        ((Change("zygote", "__import__(name)", "raise SystemExit"),), "cannot serve"),
        ((without_step("filter_system_calls"),), "verify"),
    ],
)
async def test_weakened_zygote_forks_nothing_and_the_result_says_why(
    changes: tuple[Change, ...], named: str
) -> None:
    """Each way is proven by itself: jails that are started one by one still contain."""
    async with changed_proven_engine(*changes) as engine:
        result = await run_python(engine, "print('ran')")

    assert result.isolation.path == "cold"
    assert named in str(result.isolation.fallback)


async def test_unchanged_zygote_passes_the_proof() -> None:
    async with changed_proven_engine() as engine:
        result = await run_python(engine, "print('ran')")

    assert (result.isolation.path, result.isolation.fallback) == ("fork", None)
