"""Looking things up in an index, and what errors ask for."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import anyio
import msgspec
import pytest

from agent._documents import Document, Documents, as_prompt, look_up, look_up_error, terms_of, words_of
from agent._documents_index import build_index
from engine import Artifact, Emit, Engine, EngineConfig, Policy, Program, Reason, Result, Status, isolation_of
from engine.testing import FakeRuntime, FakeSandbox

ROWS = [
    ("scipy.optimize.linear_sum_assignment", "linear_sum_assignment(c)", "Solve the assignment problem.", ""),
    ("scipy.optimize.linprog", "linprog(c, A_ub=None)", "Minimize a linear objective.", ">>> 2"),
    ("scipy.optimize", "", "Optimization and root finding.", ""),
    ("numpy.arange", "arange(start, stop)", "Return evenly spaced values.", ">>> np.arange(3)"),
    ("numpy.linalg.solve", "solve(a, b)", "Solve a linear matrix equation.", ""),
    ("pandas.DataFrame.groupby", "groupby(self, by)", "Group rows.", ""),
    ("pandas.DataFrame.head", "head(self, n=5)", "Return the first n rows.", ""),
    ("pandas.Series.head", "head(self, n=5)", "Return the first n rows.", ""),
    ("pandas.concat", "concat(objs)", "Put pandas objects together.", ">>> pd.concat([a, b])"),
    ("itertools.combinations", "combinations(iterable, r)", "Return r-length subsequences.", ""),
    ("math.prod", "prod(iterable)", "Multiply all elements.", ""),
    ("networkx.Graph", "Graph(data=None)", "A graph.", ""),
    ("networkx.Graph.add_edge", "add_edge(self, u, v)", "Add an edge.", ""),
    ("list.append", "append(self, object)", "Append an object.", ""),
]  # fmt: skip
PROGRAM = (
    "import pandas as pd\nimport numpy as np\nfrom scipy.optimize import linprog\nlinprog([1], A=[[1]])\n"
)


def written(path: Path, rows: list[tuple[str, str, str, str]]) -> None:
    """Make an index as `build_index` does, from what a sandbox would have said."""
    encoded = [dict(zip(("name", "signature", "text", "example"), row, strict=True)) for row in rows]

    async def behave(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
        data = b"\n".join(map(msgspec.json.encode, encoded))
        return Result(
            status=Status.OK,
            reason=Reason.EXIT_ZERO,
            files=(Artifact(name="documents.jsonl", data=data, size=len(data)),),
            isolation=isolation_of(sandbox.template, path="cold"),
        )

    async def build() -> None:
        async with Engine(EngineConfig(), runtimes=[FakeRuntime(behaviour=behave)]) as engine:
            await build_index(engine, path, lambda message: None)

    anyio.run(build)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("documents") / "data.sqlite"
    written(path, ROWS)
    return path


@pytest.fixture
def documents(index: Path) -> Iterator[Documents]:
    with Documents(index) as opened:
        yield opened


def names(found: tuple[Document, ...]) -> list[str]:
    return [document.name for document in found]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("linear_sum_assignment", "scipy.optimize.linear_sum_assignment"),
        ("linear sum assignment", "scipy.optimize.linear_sum_assignment"),
        ("how do I solve an assignment problem?", "scipy.optimize.linear_sum_assignment"),
        ("np.arange", "numpy.arange"),
        ("numpy.linalg.solve(a, b)", "numpy.linalg.solve"),
        ("minimizing objectives", "scipy.optimize.linprog"),
        ("concat", "pandas.concat"),
    ],
)
def test_best_fit_comes_first(documents: Documents, query: str, name: str) -> None:
    assert names(documents.lookup(query))[0] == name
    assert documents.reason is None


@pytest.mark.parametrize(
    "query",
    [
        'a" OR b',
        "NEAR(solve, 2)",
        "name: solve*",
        "-solve ^x",
        "(((",
        '"',
        "'; DROP TABLE documents",
        "\0",
        "ß٣",
    ],
)
def test_query_is_words_and_never_syntax(documents: Documents, query: str) -> None:
    documents.lookup(query)

    assert documents.reason is None
    assert names(documents.lookup("math.prod"))[:1] == ["math.prod"]


@pytest.mark.parametrize("query", ["", "   ", "how do I use it", "?", "x" * 10_000])
def test_query_without_a_known_word_finds_nothing(documents: Documents, query: str) -> None:
    assert documents.lookup(query) == ()


def test_limit_is_kept_and_what_says_the_same_is_said_once(documents: Documents) -> None:
    assert len(documents.lookup("linear", limit=1)) == 1
    assert len([name for name in names(documents.lookup("head rows", limit=9)) if name.endswith("head")]) == 1


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ("AttributeError: module 'numpy' has no attribute 'arrange'", "numpy.arange"),
        ("AttributeError: module 'numpy' has no attribute 'solve'", "numpy.linalg.solve"),
        ("AttributeError: module 'numpy' has no attribute 'linprog'", "scipy.optimize.linprog"),
        ("AttributeError: 'DataFrame' object has no attribute 'append'", "pandas.concat"),
        ("AttributeError: 'DataFrame' object has no attribute 'group_by'", "pandas.DataFrame.groupby"),
        ("AttributeError: type object 'Graph' has no attribute 'addEdge'", "networkx.Graph.add_edge"),
        ("NameError: name 'combinations' is not defined", "itertools.combinations"),
        ("NameError: name 'linear_sum_assigment' is not defined", "scipy.optimize.linear_sum_assignment"),
        ("TypeError: linprog() got an unexpected keyword argument 'A'", "scipy.optimize.linprog"),
        (
            "TypeError: Graph.add_edge() missing 1 required positional argument: 'v'",
            "networkx.Graph.add_edge",
        ),
        ("TypeError: Graph.__init__() got an unexpected keyword argument 'x'", "networkx.Graph"),
        ("ImportError: cannot import name 'product' from 'math' (unknown location)", "math.prod"),
        ("ModuleNotFoundError: No module named 'scipy.optimise'", "scipy.optimize"),
    ],
)
def test_error_leads_to_what_was_meant(documents: Documents, error: str, name: str) -> None:
    assert names(documents.for_error(error, PROGRAM))[0] == name


@pytest.mark.parametrize(
    "error",
    [
        "",
        "ValueError: bad",
        "NameError: name 'x' is not defined",
        "NameError: name 'append' is not defined",
        "AttributeError: 'NoneType' object has no attribute 'group'",
        "ModuleNotFoundError: No module named 'sklearnn'",
        "AttributeError: module 'numpy' has no attribute '" + "x" * 10_000 + "'",
    ],
)
def test_error_of_another_kind_finds_nothing(documents: Documents, error: str) -> None:
    assert documents.for_error(error, PROGRAM) == ()


@pytest.mark.parametrize("program", ["def (", "\0", "(" * 5_000, "x = 1\n" * 10_000, "\ud800"])
def test_program_that_cannot_be_read_does_no_harm(documents: Documents, program: str) -> None:
    found = documents.for_error("TypeError: linprog() got an unexpected keyword argument 'A'", program)

    assert names(found) == ["scipy.optimize.linprog"]


def test_missing_index_has_empty_answers_and_a_reason(tmp_path: Path) -> None:
    with Documents(tmp_path / "data.sqlite") as documents:
        assert documents.lookup("sorted") == ()
        assert documents.for_error("NameError: name 'combinations' is not defined", "") == ()
        assert "isorun setup --documents" in (documents.reason or "")


@pytest.mark.parametrize("kept", [0, 1, 50, 100, 5_000, 12_000])
def test_truncated_index_has_empty_answers_and_a_reason(tmp_path: Path, index: Path, kept: int) -> None:
    path = tmp_path / "data.sqlite"
    path.write_bytes(index.read_bytes()[:kept])

    with Documents(path) as documents:
        documents.lookup("linear")

        assert documents.reason is not None
        assert "cannot be read" in documents.reason


def test_index_with_noise_in_it_raises_nothing(tmp_path: Path, index: Path) -> None:
    data = bytearray(index.read_bytes())
    data[4_096:] = b"\xa5" * (len(data) - 4_096)
    path = tmp_path / "data.sqlite"
    path.write_bytes(data)

    with Documents(path) as documents:
        assert documents.lookup("linear") == ()
        assert documents.reason is not None


def test_other_database_and_folder_are_no_index(tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE documents (x)")
    connection.commit()
    connection.close()

    for path in (other, tmp_path):
        with Documents(path) as documents:
            assert documents.lookup("linear") == ()
            assert documents.reason is not None


def test_closed_index_has_empty_answers(index: Path) -> None:
    with Documents(index) as documents:
        pass

    assert documents.lookup("linear") == ()


async def test_threads_can_ask_at_once(index: Path) -> None:
    found: list[tuple[Document, ...]] = []

    async def ask(documents: Documents) -> None:
        found.append(await look_up(documents, "linprog", 1))
        found.append(await look_up_error(documents, "NameError: name 'combinations' is not defined", ""))

    with Documents(index) as documents:
        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(ask, documents)

    assert len(found) == 16
    assert all(found)


def test_prompt_has_the_call_then_the_example_then_the_summary() -> None:
    document = Document(
        name="a.b.work", signature="work(x, y=1)", text="Do work.\nWell.\n\nx : int", example=">>> work(1)\n2"
    )

    assert as_prompt([document]) == "a.b.work(x, y=1)\n>>> work(1)\n2\nDo work. Well."
    assert as_prompt([Document(name="sorted")]) == "sorted"
    assert as_prompt([]) == ""


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("maximum", [0, 10, 300, 1_000])
def test_prompt_keeps_to_its_size_in_whole_lines(count: int, maximum: int) -> None:
    example = "\n".join(f">>> call({number})" for number in range(45))
    document = Document(name="a." + "n" * 150, signature="s" * 300, text="t" * 400, example=example)

    text = as_prompt([document] * count, maximum=maximum)

    assert len(text) <= maximum
    assert all(line in example or not line.startswith(">") for line in text.splitlines())


def test_short_documents_leave_room_for_long_ones() -> None:
    long = Document(name="long", example=">>> x\n" * 150)

    text = as_prompt([Document(name="short"), long], maximum=1_000)

    assert 900 < len(text) <= 1_000


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("linear_sum_assignment", ("linear", "sum", "assignment")),
        ("LpProblem", ("lp", "problem")),
        ("HTTPServer", ("http", "server")),
        ("sorted", ()),
    ],
)
def test_identifiers_have_words(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


def test_terms_are_few_and_mean_something() -> None:
    assert terms_of("How do I use np.LpProblem?") == ("numpy", "lpproblem", "lp", "problem")
    assert len(terms_of(" ".join(f"word{number}" for number in range(50)))) == 16
