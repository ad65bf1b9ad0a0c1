"""Every solver against other methods, on small random instances; their doctest examples; their records."""

import doctest
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from agent.guest import check_calls, solvers
from agent.guest.solvers import _record

type Arguments = dict[str, object]

_MODULES = sorted(path.stem for path in Path(solvers.__path__[0]).glob("[a-z]*.py"))


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the record in a folder of the test's own, and empty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_record, "_recorded", 0)


def _numbers(random: Random, low: int = 4, high: int = 8) -> list[int]:
    return [random.randint(1, 30) for _ in range(random.randint(low, high))]


def _graph(random: Random) -> Arguments:
    count = random.randint(4, 8)
    pairs = [(a, b) for a in range(count) for b in range(a)]
    return {"edges": random.sample(pairs, random.randint(2, len(pairs) - 1)), "vertices": count}


def _network(random: Random, *sizes: int) -> list[tuple[int, ...]]:
    edges = [
        (a, b, *[random.randint(1, size) for size in sizes]) for a in range(6) for b in range(6) if a != b
    ]
    line = [(a, a + 1, *[random.randint(1, size) for size in sizes]) for a in range(5)]
    return random.sample(edges, 12) + line


def _clauses(random: Random) -> list[list[int]]:
    return [
        [variable * random.choice((1, -1)) for variable in random.sample(range(1, 7), random.randint(1, 3))]
        for _ in range(random.randint(5, 20))
    ]


def _rows(random: Random, height: int, width: int) -> list[list[int]]:
    return [[random.randint(1, 40) for _ in range(width)] for _ in range(height)]


def _tour(random: Random) -> Arguments:
    count = random.randint(3, 7)
    return {"cities": _rows(random, count, count), "closed": random.random() < 0.6}


def _knapsack(random: Random) -> Arguments:
    count = random.randint(4, 6)
    copies = random.choice([1, 2, [random.randint(0, 3) for _ in range(count)], "unlimited"])
    weights = [random.randint(5, 30) for _ in range(count)]
    return {"values": _rows(random, 1, count)[0], "weights": weights, "capacity": 60, "copies": copies}


def _late(random: Random) -> Arguments:
    count = random.randint(3, 6)
    durations, dues, weights = _rows(random, 3, count)
    return {"durations": durations, "dues": dues, "weights": weights}


def _shop(random: Random) -> Arguments:
    return {
        "jobs": [
            [(m, random.randint(1, 9)) for m in random.sample("ABC", 3)] for _ in range(random.randint(2, 3))
        ]
    }


def _cover(random: Random) -> Arguments:
    sets = [random.sample(range(8), random.randint(1, 4)) for _ in range(7)] + [list(range(8))]
    return {"subsets": sets, "universe": 8, "costs": random.choice([None, _rows(random, 1, 8)[0]])}


def _intervals(random: Random) -> list[tuple[int, int]]:
    starts = [random.randint(0, 20) for _ in range(7)]
    return [(start, start + random.randint(1, 8)) for start in starts]


def _project(random: Random) -> Arguments:
    before = [(a, b) for b in range(6) for a in range(b) if random.random() < 0.4]
    return {"durations": _numbers(random, 6, 6), "before": before}


def _word(random: Random) -> str:
    return "".join(random.choice("abc") for _ in range(random.randint(0, 8)))


CASES: dict[str, Callable[[Random], Arguments]] = {
    "shortest_tour": _tour,
    "shortest_path": lambda random: {"edges": _network(random, 9), "start": 0, "end": 5},
    "constrained_shortest_path": lambda random: {
        "edges": [*_network(random, 9, 9), (0, 5, 50, 1)],
        "start": 0,
        "end": 5,
        "limit": random.randint(5, 25),
    },
    "critical_path": _project,
    "max_flow": lambda random: {"edges": _network(random, 9), "source": 0, "sink": 5},
    "min_spanning_tree": lambda random: {"edges": _network(random, 9)},
    "knapsack": _knapsack,
    "subset_sum": lambda random: {"values": _numbers(random), "target": random.randint(0, 120)},
    "partition": lambda random: {"values": _numbers(random), "parts": random.randint(2, 3)},
    "bin_packing": lambda random: {"sizes": _numbers(random), "capacity": random.randint(30, 60)},
    "makespan": lambda random: {"durations": _numbers(random), "machines": random.randint(1, 3)},
    "coin_ways": lambda random: {"amount": random.randint(0, 60), "coins": _numbers(random)},
    "min_coins": lambda random: {"amount": random.randint(0, 60), "coins": [1, *_numbers(random)]},
    "job_shop": _shop,
    "weighted_tardiness": _late,
    "interval_scheduling": lambda random: {
        "intervals": _intervals(random),
        "weights": _numbers(random, 7, 7),
    },
    "min_rooms": lambda random: {"intervals": _intervals(random)},
    "set_cover": _cover,
    "facility_location": lambda random: {
        "opening_costs": _rows(random, 1, 4)[0],
        "serving_costs": _rows(random, 5, 4),
    },
    "assignment": lambda random: {
        "costs": _rows(random, random.randint(2, 5), random.randint(2, 5)),
        "maximize": random.random() < 0.5,
    },
    "graph_colouring": _graph,
    "max_independent_set": _graph,
    "max_clique": _graph,
    "min_vertex_cover": _graph,
    "count_sat": lambda random: {"clauses": _clauses(random), "variables": 7},
    "solve_sat": lambda random: {"clauses": _clauses(random)},
    "max_sat": lambda random: {"clauses": _clauses(random)},
    "longest_common_subsequence": lambda random: {"first": _word(random), "second": _word(random)},
    "longest_increasing_subsequence": lambda random: {
        "values": _numbers(random, 0, 12),
        "strict": random.random() < 0.5,
    },
    "edit_distance": lambda random: {"first": _word(random), "second": _word(random)},
}


@pytest.mark.parametrize("function", CASES)
def test_answer_is_feasible_and_no_other_method_finds_a_better_one(function: str) -> None:
    random = Random(function)
    for _ in range(6):
        arguments = CASES[function](random)
        Path(_record.FILE).unlink(missing_ok=True)

        value = getattr(solvers, function)(**arguments)

        (call,) = [json.loads(line) for line in Path(_record.FILE).read_text().splitlines()[:1]]
        verdict = check_calls.check(call)
        assert call["function"] == function
        assert call["value"] == value
        assert verdict["feasible"] is True, (arguments, verdict)
        assert verdict["optimal"] is True, (arguments, verdict)
        assert verdict["smaller"] in (True, None), (arguments, verdict)


@pytest.mark.parametrize("name", _MODULES)
def test_examples_of_the_docstrings_are_right(name: str) -> None:
    module: ModuleType = importlib.import_module(f"agent.guest.solvers.{name}")

    found = doctest.testmod(module)

    assert found.failed == 0
    assert found.attempted > 0


@pytest.mark.parametrize("name", solvers.__all__)
def test_every_public_function_has_one_line_and_an_example(name: str) -> None:
    text = getattr(solvers, name).__doc__

    assert text.splitlines()[0].endswith(".")
    assert ">>> " in text
