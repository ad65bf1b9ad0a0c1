"""The examples, run as their own first lines say."""

import csv
import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine import EngineError, load_config
from runtimes.environments import load_environment

pytestmark = [pytest.mark.jail, pytest.mark.slow]

_PNG = b"\x89PNG\r\n\x1a\n"
_SECONDS = 120


@pytest.fixture(scope="module", autouse=True)
def _data_environment() -> None:
    try:
        load_environment(load_config().cache, "data")
    except EngineError as error:
        pytest.skip(f"{error}; {error.hint}")


@pytest.fixture
def examples(repository: Path) -> Path:
    return repository / "examples"


@pytest.fixture
def sales(examples: Path, tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    subprocess.run([sys.executable, "-I", examples / "make_sales.py", path], check=True)
    return path


def isorun(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("isorun")
    return subprocess.run(
        [command, *arguments], input=stdin, capture_output=True, text=True, timeout=_SECONDS, check=False
    )


def run_for_json(*arguments: str | Path) -> dict[str, Any]:
    done = isorun("run", "--json", *arguments)
    fields: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == 0, fields
    return fields


def is_plot(path: Path) -> bool:
    data = path.read_bytes()
    return data.startswith(_PNG) and len(data) > 10_000


def revenue_of(path: Path) -> float:
    """Add the file up without pandas: each order once, those without a price left out."""
    with path.open(newline="", encoding="utf-8") as file:
        orders = {row["order"]: row for row in csv.DictReader(file) if row["unit_price"]}
    return sum(
        int(row["units"]) * float(row["unit_price"]) * (1 - float(row["discount"])) for row in orders.values()
    )


def test_made_up_sales_are_the_same_every_time(examples: Path, sales: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.csv"

    subprocess.run([sys.executable, "-I", examples / "make_sales.py", again], check=True)

    assert again.read_bytes() == sales.read_bytes()


def test_sales_example_adds_up_and_returns_table_and_plot(
    examples: Path, sales: Path, tmp_path: Path
) -> None:
    output = tmp_path / "report"

    fields = run_for_json(examples / "sales.py", "--input", sales, "--output", output)

    assert sorted(fields["output"]["written"]) == ["figure-1.png", "summary.csv"]
    assert fields["value"]["revenue"] == pytest.approx(revenue_of(sales), abs=1)
    assert is_plot(output / "figure-1.png")
    with (output / "summary.csv").open(newline="", encoding="utf-8") as file:
        revenue = {row["region"]: int(row["revenue"]) for row in csv.DictReader(file)}
    assert set(revenue) == {"North", "South", "East", "West"}
    assert sum(revenue.values()) == pytest.approx(revenue_of(sales), abs=3)


def test_sales_example_prints_a_table_for_people(examples: Path, sales: Path) -> None:
    done = isorun("run", examples / "sales.py", "--input", sales)

    assert done.returncode == 0, done.stderr
    assert "Best month: July" in done.stdout
    assert "figure-1.png" in done.stderr


def test_travelling_salesman_example_finds_the_shortest_tour(examples: Path, tmp_path: Path) -> None:
    fields = run_for_json(examples / "travelling_salesman.py", "--output", tmp_path / "tour")

    assert fields["value"]["kilometres"] == pytest.approx(2253.4, abs=0.05)
    assert len(set(fields["value"]["tour"])) == 16
    assert is_plot(tmp_path / "tour" / "figure-1.png")


def test_scheduling_example_proves_the_known_optimum(examples: Path, tmp_path: Path) -> None:
    output = tmp_path / "schedule"

    fields = run_for_json(examples / "scheduling.py", "--policy", "data", "--output", output)

    assert fields["value"] == {"hours": 55, "proven": True}  # the optimum of FT06 since 1963
    assert is_plot(output / "figure-1.png")


def test_word_count_example_counts_standard_input(examples: Path) -> None:
    done = isorun("run", examples / "word_count.sh", "--stdin", "-", stdin="One two, two. three THREE three")

    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()] == [["3", "three"], ["2", "two"], ["1", "one"]]


def test_hello_example_greets_its_arguments(examples: Path) -> None:
    if not Path("/usr/bin/perl").exists():
        pytest.skip("perl is not installed")

    done = isorun("run", examples / "hello.pl", "--", "Ada", "Grace")

    assert done.returncode == 0, done.stderr
    assert done.stdout == "Hello, Ada!\nHello, Grace!\n"


def test_knapsack_example_finds_the_best_choice(examples: Path) -> None:
    projects = [(12, 4, 7), (9, 6, 2), (8, 3, 5), (15, 8, 6), (4, 1, 2), (7, 5, 5), (10, 6, 4), (3, 2, 1)]
    money, people = 15, 14
    numbers = [len(projects), money, people, *itertools.chain(*projects)]

    done = isorun("run", examples / "knapsack.c", "--stdin", "-", stdin=" ".join(map(str, numbers)))

    best = max(
        sum(value for value, _, _ in chosen)
        for size in range(len(projects) + 1)
        for chosen in itertools.combinations(projects, size)
        if sum(one[1] for one in chosen) <= money and sum(one[2] for one in chosen) <= people
    )
    first, second = done.stdout.splitlines()
    assert first.startswith(f"best value {best}, proven in ")
    chosen = [projects[int(number) - 1] for number in second.split()[1:]]
    assert sum(value for value, _, _ in chosen) == best


def test_lru_example_agrees_with_a_cache_that_is_simulated(examples: Path) -> None:
    trace = [f"k{number * number % 23 % (number % 7 + 2)}" for number in range(400)]

    done = isorun("run", examples / "lru_cache.cpp", "--stdin", "-", stdin=" ".join(trace))

    lines = done.stdout.splitlines()
    assert lines[0] == f"{len(trace)} requests for {len(set(trace))} keys"
    rates = {int(line.split()[0]): line.split()[2] for line in lines[1:]}
    assert rates == {size: f"{100 * lru_hits(trace, size) / len(trace):.1f}" for size in rates}


def lru_hits(trace: list[str], size: int) -> int:
    cache: dict[str, None] = {}  # the least recently used first
    hits = 0
    for key in trace:
        hits += key in cache
        cache.pop(key, None)
        cache[key] = None
        if len(cache) > size:
            del cache[next(iter(cache))]
    return hits


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["--", "queens", "10"], "satisfiable"),
        (["--", "queens", "3"], "unsatisfiable"),
        (["--", "pigeons", "5"], "unsatisfiable"),
        (["--stdin", "p cnf 3 3  1 -3 0  2 3 -1 0  -2 0"], "satisfiable"),
        (["--stdin", "p cnf 1 2  1 0  -1 0"], "unsatisfiable"),
    ],
)
def test_sat_example_decides(arguments: list[str], answer: str, examples: Path) -> None:
    done = isorun("run", examples / "sat.rs", *arguments)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].split(",")[0] == answer


def test_sat_example_places_queens_that_do_not_attack_each_other(examples: Path) -> None:
    done = isorun("run", examples / "sat.rs", "--", "queens", "8")

    columns = [line.split().index("Q") for line in done.stdout.splitlines()[2:]]
    places = list(enumerate(columns))
    assert len(set(columns)) == 8
    assert len({row + column for row, column in places}) == len({row - column for row, column in places}) == 8
