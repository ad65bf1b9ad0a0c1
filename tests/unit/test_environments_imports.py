import time

import pytest

from runtimes.environments import find_imports
from runtimes.environments._modules import SCAN_BYTES


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import numpy", {"numpy"}),
        ("import numpy as np, pandas as pd", {"numpy", "pandas"}),
        ("import a.b.c as d, e . f", {"a", "e"}),
        ("from scipy.optimize import milp", {"scipy"}),
        ("from x import (\n    y,\n)", {"x"}),
        ("def f():\n\timport os", {"os"}),
        ("x = 1; import re ;from json import loads", {"re", "json"}),
        ("try: import yaml\nexcept ImportError: pass", {"yaml"}),
        ("import os\r\nimport sys\r\n", {"os", "sys"}),
        ("from . import sibling\nfrom .x import y", set()),
        ("important = 1\nfrom_x = 2\nx.import_y", set()),
        ("# import os\nprint('import os')", set()),
        ("", set()),
    ],
)
def test_imports_are_found_at_the_start_of_statements(code: str, expected: set[str]) -> None:
    assert find_imports(code) == expected


def test_bytes_that_are_not_text_are_scanned() -> None:
    assert find_imports(b"\xff\x00\nimport numpy\n\xfe") == {"numpy"}


def test_lone_surrogates_are_scanned() -> None:
    assert find_imports("\udcff\nimport numpy") == {"numpy"}


def test_import_just_inside_the_scanned_part_is_found() -> None:
    code = b"\n" * (SCAN_BYTES - len(b"import os")) + b"import os"

    assert find_imports(code) == {"os"}


def test_import_behind_the_scanned_part_is_not_looked_at() -> None:
    assert find_imports(b"\n" * SCAN_BYTES + b"import os") == frozenset()


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "a,",
        "a.",
        " ",
        "\n ",
        ";",
        "as ",
        "from ",
        "import ",
        "import a, ",
        "from a",
        "x as y,",
        "(",
        "\x00",
    ],
)
@pytest.mark.parametrize("start", ["", "from ", "import ", "import a"])
def test_scan_takes_linear_time_on_hostile_text(start: str, unit: str) -> None:
    small, large = (_scan_seconds(start + unit * (size // len(unit))) for size in (1 << 15, 1 << 18))

    # Eight times the text: quadratic time would be 64 times as long. The floor is for a clock's noise.
    assert large < 30 * max(small, 0.0005)


def _scan_seconds(code: str) -> float:
    start = time.process_time()
    find_imports(code)
    return time.process_time() - start
