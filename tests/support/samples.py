"""A part of many like cases each time, so that all of them together do not take minutes of every run."""

import os
import random
from collections.abc import Iterable


def sample[Case](cases: Iterable[Case], count: int) -> list[Case]:
    """Return as many of the cases, drawn anew each time, in their order; all with `ISORUN_TEST_ALL=1`."""
    every = list(cases)
    if os.environ.get("ISORUN_TEST_ALL") or len(every) <= count:
        return every
    return [every[index] for index in sorted(random.sample(range(len(every)), count))]
