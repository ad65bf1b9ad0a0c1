"""An engine whose parts are killed answers right or with an error; the long form is `scripts/chaos`."""

import os
from pathlib import Path

import pytest

from .chaos import chaos

pytestmark = [pytest.mark.jail, pytest.mark.slow, pytest.mark.timeout(300)]

SECONDS = 60.0 if os.environ.get("ISORUN_TEST_ALL") else 2.0


def test_every_answer_is_right_or_an_error_whatever_is_killed(tmp_path: Path) -> None:
    summary = chaos(tmp_path / "engine", SECONDS, seed=1)

    assert summary.problems == []
    assert summary.left == []
    assert summary.right > 0
    assert set(summary.killed) == {"engine", "warden", "client", "zygote", "jail"}
