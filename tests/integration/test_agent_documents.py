"""The libraries of the real environment describe themselves, in a real jail."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent._documents import Documents, as_prompt
from agent._documents_index import index_path, index_stamp, stamp_of
from engine import EngineError, load_config
from engine.cli import main
from runtimes.environments import load_environment
from tests.support.zygotes import world_readable_folder

pytestmark = [pytest.mark.jail, pytest.mark.slow]


@pytest.fixture(scope="module")
def cache() -> Iterator[Path]:
    """A cache of its own, with the environments of the machine's, for which an index has been set up."""
    shared = load_config().cache
    try:
        load_environment(shared, "data")
    except EngineError as error:
        pytest.skip(f"{error}; {error.hint}")
    with world_readable_folder() as cache, pytest.MonkeyPatch.context() as patch:
        for entry in shared.iterdir():
            if entry.name != "documents":
                (cache / entry.name).symlink_to(entry)
        patch.setenv("ISORUN_CACHE_DIR", str(cache))
        assert main(["setup", "--documents"]) == 0
        yield cache


@pytest.fixture
def index(cache: Path) -> Path:
    return index_path(cache)


def test_libraries_describe_themselves(index: Path) -> None:
    with Documents(index) as documents:
        for name in (
            "sorted",
            "str.split",
            "itertools.combinations",
            "numpy.linalg.solve",
            "pandas.DataFrame.groupby",
            "scipy.optimize.linear_sum_assignment",
            "networkx.shortest_path",
            "sympy.solve",
        ):
            assert documents.lookup(name, 1)[0].name == name

        assert documents.reason is None
    assert index_stamp(index) == stamp_of(load_environment(load_config().cache, "data").hash)


def test_words_and_errors_lead_to_functions(index: Path) -> None:
    with Documents(index) as documents:
        (found,) = documents.lookup("shortest path in a weighted graph", 1)
        (meant,) = documents.for_error("module 'numpy' has no attribute 'arrange'", "import numpy", 1)
        text = as_prompt([found, meant])

    assert found.name == "networkx.shortest_path"
    assert meant.name == "numpy.arange"
    assert ">>> " in text
    assert len(text) <= 1_000


def test_second_setup_leaves_the_index_alone(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ISORUN_CACHE_DIR", str(cache))
    before = index_path(cache).stat()

    code = main(["setup", "--documents"])

    assert code == 0
    assert "documentation: there already" in capsys.readouterr().err
    assert index_path(cache).stat().st_mtime_ns == before.st_mtime_ns
