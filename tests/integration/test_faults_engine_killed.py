"""The engine's process ends without a word: nothing of its runs may be left."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.engine_script import PROGRAMS, Started, start_engine, start_hanging_engine
from tests.support.machine import (
    descendants,
    group_folders,
    is_running,
    jailed,
    mounts,
    wait_until,
    wardens,
)

pytestmark = [pytest.mark.jail, pytest.mark.slow]


@contextmanager
def engine_process(runs: int = len(PROGRAMS)) -> Iterator[Started]:
    started = start_engine(runs)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait(10)
        if started.process.stdout is not None:
            started.process.stdout.close()


def temporary_files() -> set[str]:
    return {name for name in os.listdir(tempfile.gettempdir()) if name.startswith("isorun")}


def assert_nothing_left(warden: int, processes: list[int]) -> None:
    wait_until(lambda: not is_running(warden), what="the warden is gone")
    wait_until(lambda: not any(map(is_running, processes)), what="the jails' processes are gone")
    assert group_folders(warden) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_engine_leaves_nothing(number: signal.Signals) -> None:
    before = set(mounts()), temporary_files()
    with engine_process() as started:
        processes = descendants(started.warden)
        assert len(jailed(started.warden)) >= 2 * len(PROGRAMS)
        assert len(group_folders(started.warden)) > 1

        started.process.send_signal(number)

        assert_nothing_left(started.warden, processes)
    assert (set(mounts()), temporary_files()) == before


def test_stopped_engine_still_loses_its_runs_at_their_deadline() -> None:
    """The clocks are the warden's: an engine that hangs does not give its programs more time."""
    with start_hanging_engine() as process:
        try:
            assert process.stdout is not None
            warden = int(process.stdout.readline())
            process.send_signal(signal.SIGSTOP)

            wait_until(lambda: not jailed(warden), what="the run has ended at its wall limit", seconds=8)
        finally:
            process.kill()
    wait_until(lambda: not is_running(warden), what="the warden is gone")


@pytest.mark.parametrize("delay_steps", [0, 1, 2, 4, 8, 16, 32])
def test_engine_killed_at_any_moment_of_its_start_leaves_nothing(delay_steps: int) -> None:
    started = start_engine(wait=False)
    process = started.process
    try:
        wait_until(lambda: wardens(process.pid) or process.poll() is not None, what="there is a warden")
        [warden] = wardens(process.pid)
        wait_until(
            lambda: len(descendants(warden)) >= delay_steps or len(jailed(warden)) >= 12,
            what="some jails are on their way",
        )
        processes = descendants(warden)
    finally:
        process.kill()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()

    assert_nothing_left(warden, processes)
    wait_until(lambda: group_folders(warden) == [], what="its control groups are gone")


def test_other_engine_is_not_touched_when_one_is_killed() -> None:
    with engine_process(1) as survivor, engine_process(2) as victim:
        processes = descendants(victim.warden)

        victim.process.kill()

        assert_nothing_left(victim.warden, processes)
        assert is_running(survivor.warden)
        assert len(jailed(survivor.warden)) >= 2
