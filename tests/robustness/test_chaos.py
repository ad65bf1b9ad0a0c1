"""An engine whose parts are killed answers right or with an error; the long form is `scripts/chaos`."""

import os
from pathlib import Path

import pytest

from .chaos import chaos
from .chaos_clients import CLIENT_MODES
from .chaos_extras import CLIENTS, DAEMON, MODEL

pytestmark = [pytest.mark.jail, pytest.mark.slow, pytest.mark.timeout(300)]

PARTS = {"engine", "warden", "client", "zygote", "jail"}


def test_every_answer_is_right_or_an_error_whatever_is_killed(tmp_path: Path) -> None:
    summary = chaos(tmp_path / "engine", 2.0, seed=1, extras=(MODEL,))

    there = {MODEL} - set(summary.left_out)
    assert summary.problems == []
    assert summary.left == []
    assert set(summary.killed) == PARTS | there
    assert set(+summary.right) == {*CLIENT_MODES, *(CLIENTS[part] for part in there)}


@pytest.mark.docker
@pytest.mark.skipif(not os.environ.get("ISORUN_TEST_ALL"), reason="takes more than a minute")
def test_every_answer_is_right_or_an_error_whatever_is_killed_for_a_minute(tmp_path: Path) -> None:
    summary = chaos(tmp_path / "engine", 60.0, seed=1)

    there = {DAEMON, MODEL} - set(summary.left_out)
    assert summary.problems == []
    assert summary.left == []
    assert set(summary.killed) == PARTS | there
    assert set(+summary.right) == {*CLIENT_MODES, *(CLIENTS[part] for part in there)}
