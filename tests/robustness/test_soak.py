"""Runs of every kind, killed and not, leave everything as it was; the long form is `scripts/soak`."""

import os

import pytest

from . import soak

pytestmark = [pytest.mark.jail, pytest.mark.slow, pytest.mark.timeout(900)]

RUNS = 5_000 if os.environ.get("ISORUN_TEST_ALL") else 100


def test_runs_of_every_kind_give_right_answers_and_leave_nothing() -> None:
    summary = soak.run(RUNS, seed=1)

    assert summary.problems == []
    assert summary.runs == RUNS
    assert summary.left_out == []
    assert summary.right.total() > RUNS / 2
    assert summary.killed_processes.total() > 0
    assert summary.killed_runs > 0
