"""What strangers may send: a hundred inputs for each part on every day, a minute of them in the long form."""

import os

import pytest

from .fuzz import fuzz
from .targets import TARGETS, Target

LONG_SECONDS = 60.0 if os.environ.get("ISORUN_TEST_ALL") else 0.0


@pytest.mark.slow
@pytest.mark.timeout(60 + 4 * LONG_SECONDS)
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_whatever_is_sent_is_taken_in_order_or_refused(target: Target) -> None:
    target.short()()

    if LONG_SECONDS:
        assert fuzz(target, LONG_SECONDS, seed=1).found == ""
