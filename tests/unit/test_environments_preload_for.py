"""How much of what an environment declares is imported for a program."""

from pathlib import Path

import msgspec
import pytest

from runtimes.environments import Environment, preload_for

PRELOAD = ("json", "re", "numpy", "pandas", "scipy.optimize", "scipy.stats", "networkx")
ENVIRONMENT = Environment(
    name="data",
    hash="0",
    root=Path("/root-folder"),
    packages=Path("/packages"),
    python="/opt/python/bin/python3",
    version="3.12.1",
    modules=frozenset({"json", "re", "numpy", "pandas", "scipy", "networkx", "sklearn"}),
    env={},
    links={},
    preload=PRELOAD,
    bytes=0,
)


@pytest.mark.parametrize(
    ("imports", "last"),
    [
        ({"numpy"}, "numpy"),
        ({"json", "numpy"}, "numpy"),
        ({"numpy", "pandas"}, "pandas"),
        ({"pandas", "missing_module"}, "pandas"),
        ({"scipy"}, "scipy.stats"),
        ({"networkx"}, "networkx"),
    ],
)
def test_no_more_is_imported_than_a_program_needs(imports: set[str], last: str) -> None:
    assert preload_for(ENVIRONMENT, frozenset(imports))[-1] == last


@pytest.mark.parametrize("imports", [set(), {"json"}, {"sklearn"}, {"pandas", "sklearn"}, {"missing_module"}])
def test_everything_is_imported_if_the_need_is_unclear(imports: set[str]) -> None:
    assert preload_for(ENVIRONMENT, frozenset(imports)) == PRELOAD


def test_environment_that_declares_nothing_preloads_nothing() -> None:
    bare = msgspec.structs.replace(ENVIRONMENT, preload=())

    assert preload_for(bare, frozenset({"numpy"})) == ()
