"""What the solvers accept, what they give back, and what they say about what they cannot take."""

import json
from collections import OrderedDict
from fractions import Fraction
from pathlib import Path

import pytest

from agent.guest import solvers
from agent.guest.solvers import _record
from agent.guest.solvers._answer import answered
from agent.guest.solvers._read import number

#: What a program may pass is anything, hence no types here.
call = {name: getattr(solvers, name) for name in solvers.__all__}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_record, "_recorded", 0)


class Array:
    """Looks like an array of NumPy."""

    def tolist(self) -> list[list[int]]:
        return [[0, 1], [1, 0]]


def test_answer_is_a_number_in_every_way() -> None:
    answer = call["knapsack"](values=[60, 100, 120], weights=[10, 20, 30], capacity=50)

    assert answer == 220
    assert str(answer) == "220"
    assert f"{answer:.1f}" == "220.0"
    assert answer + 1 == 221
    assert json.dumps(answer) == "220"
    assert isinstance(answer, int)


def test_answer_unpacks_into_value_and_solution() -> None:
    answer = call["knapsack"](values=[60, 100, 120], weights=[10, 20, 30], capacity=50)

    value, solution = answer

    assert (value, solution) == (220, [1, 2])
    assert (answer[0], answer[1], answer["value"], answer.solution) == (220, [1, 2], 220, [1, 2])
    assert (answer.total, answer.items) == (220, [1, 2])
    assert len(answer) == 2
    assert 2 in answer
    with pytest.raises(AttributeError, match=r"\.value"):
        _ = answer.nonsense
    with pytest.raises(IndexError):
        _ = answer[2]


def test_answer_that_is_no_whole_number_is_a_float_and_truth_prints_as_truth() -> None:
    half = call["linear_program"]("x", ["2x <= 5"])
    truth = call["solve_sat"]([[1], [2]])

    assert (half, isinstance(half, float)) == (2.5, True)
    assert str(truth) == "True"
    assert str(call["solve_sat"]([[1], [-1]])) == "False"
    assert truth.solution == {1: True, 2: True}


@pytest.mark.parametrize(
    "edges",
    [
        [("A", "B"), ("B", "C")],
        [["A", "B"], ["B", "C"]],
        ["A-B", "B-C"],
        ["A - B", "B and C"],
        "A-B, B-C",
        [{"A", "B"}, {"B", "C"}],
        {"A": ["B"], "B": ["C"]},
        {"A": {"B": 1}, "B": {"C": 2}},
        {("A", "B"): 1, ("B", "C"): 2},
        {"A-B": 1, "B-C": 2},
        [{"from": "A", "to": "B"}, {"from": "B", "to": "C"}],
    ],
)
def test_edges_are_read_in_every_form(edges: object) -> None:
    assert call["graph_colouring"](edges) == 2
    assert call["max_independent_set"](edges) == 2


@pytest.mark.parametrize(
    "edges",
    [
        [("A", "B", 4), ("B", "C", 3)],
        [("A", "B", (4,)), ("B", "C", {"km": 3})],
        [("A-B", 4), ("B-C", 3)],
        [(("A", "B"), 4), (("B", "C"), 3)],
        {("A", "B"): 4, ("B", "C"): 3},
        {"A-B": 4, "B-C": 3},
        {"A": {"B": 4}, "B": {"C": 3}},
        {"A": [("B", 4)], "B": [("C", 3)]},
        "A->B: 4; B->C: 3",
    ],
)
def test_edges_with_numbers_are_read_in_every_form(edges: object) -> None:
    assert call["shortest_path"](edges, "A", "C") == 7


@pytest.mark.parametrize("vertices", [5, [0, 1, 2, 3, 4], "5", range(5)])
def test_vertices_without_an_edge_count(vertices: object) -> None:
    assert call["max_independent_set"]([(0, 1), (1, 2)], vertices) == 4
    assert call["max_independent_set"](vertices, [(0, 1), (1, 2)]) == 4


def test_missing_vertices_are_named_like_the_others() -> None:
    answer = call["max_independent_set"](["P1-P2", "P2-P3"], vertices=4)

    assert answer == 3
    assert answer.solution == ["P1", "P3", "P4"]


@pytest.mark.parametrize(
    "clauses",
    [
        [[1, -2], [2, 3]],
        [(1, -2), {2, 3}],
        "(x1 or not x2) and (x2 or x3)",
        "x1 | ~x2; x2 | x3",
        "(x1 ∨ ¬x2) ∧ (x2 ∨ x3)",  # noqa: RUF001 (the signs of logic)
        "x1 or not x2\nx2 or x3",
        ["x1 or not x2", "x2 or x3"],
        [["x1", "not x2"], ["x2", "x3"]],
        [["x1", "-x2"], ["x2", "x3"]],
        [[("x1", True), ("x2", False)], [("x2", True), ("x3", True)]],
        [{"x1": True, "x2": False}, {"x2": True, "x3": True}],
    ],
)
def test_clauses_are_read_in_every_form(clauses: object) -> None:
    assert call["count_sat"](clauses) == 4
    assert call["count_sat"](clauses, variables=4) == 8
    assert call["max_sat"](clauses) == 2


@pytest.mark.parametrize(
    "constraints",
    [
        ["6x + 4y <= 24", "x + 2y <= 6"],
        ["6*x + 4*y <= 24", "x <= 6 - 2y"],
        "6x + 4y <= 24; x + 2y <= 6",
        [({"x": 6, "y": 4}, "<=", 24), ({"x": 1, "y": 2}, "<=", 6)],
        [({"x": 6, "y": 4}, "<=", 24), ("x + 2y", "<=", "6")],
    ],
)
def test_constraints_are_read_in_every_form(constraints: object) -> None:
    answer = call["linear_program"]("5x + 4y", constraints)

    assert answer == 21
    assert answer.solution == {"x": 3, "y": 1.5}


def test_direction_can_be_said_in_the_objective() -> None:
    constraints = ["x + y >= 3", "x <= 2", "y <= 9"]

    assert call["milp"]("minimize 2x + 3y", constraints) == 7
    assert call["milp"]("max: 2x + 3y", constraints, maximize=False) == 31
    assert call["milp"]([2, 3], [([1, 1], ">=", 3), ([1, 0], "<=", 2)], maximize=False) == 7


@pytest.mark.parametrize(
    ("objective", "constraints", "message"),
    [
        ("x", ["x >= 2", "x <= 1"], "contradict"),
        ("x + y", ["x - y <= 1"], "unbounded"),
        ("x", ["x y 3"], "must look like"),
        ("x * (y + 1)", ["x <= 1"], "cannot read"),
        ("x", [([1], "<=", 2)], "both"),
    ],
)
def test_program_without_an_optimum_says_why(objective: str, constraints: list[object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call["milp"](objective, constraints)


@pytest.mark.parametrize(
    "cities",
    [
        [(0, 0), (0, 5), (4, 5), (4, 0)],
        {"A": (0, 0), "B": (0, 5), "C": (4, 5), "D": [4, 0]},
        [("A", 0, 0), ("B", 0, 5), ("C", 4, 5), ("D", 4, 0)],
        [[0, 5, 9, 4], [5, 0, 4, 9], [9, 4, 0, 5], [4, 9, 5, 0]],
    ],
)
def test_cities_are_coordinates_or_distances(cities: object) -> None:
    assert call["shortest_tour"](cities, metric="manhattan") == 18
    assert call["shortest_tour"](cities, metric="manhattan", closed=False) == 13


def test_array_and_iterator_are_taken_like_lists() -> None:
    assert call["shortest_tour"](Array()) == 2
    assert call["subset_sum"](iter([8, 6, 7, 5]), 16) == 15
    assert call["knapsack"](OrderedDict(a=60, b=100), {"a": 10, "b": 20}, 25).solution == ["b"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("$1,200", 1200),
        ("12 kg", 12),
        (3.0, 3),
        (Fraction(1, 2), 0.5),
        ("-7", -7),
        (True, 1),
        ("1.5e3", 1500),
    ],
)
def test_number_is_read_from_what_people_write(value: object, expected: float) -> None:
    assert number(value, "value") == expected


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("knapsack", ([1, 2], [1], 3), "values has 2, weights has 1"),
        ("knapsack", (5, [1], 3), r"values must look like \[3, 5, 8\]"),
        ("knapsack", ([1], [-1], 3), "negative"),
        ("knapsack", ([1], [0], 3, "unlimited"), "without end"),
        ("shortest_tour", ([[0, 1], [1]],), "different lengths"),
        ("shortest_tour", ([[1, 2], [3, 4]], "miles"), "metric must be"),
        ("bin_packing", ([11], 10), "does not fit"),
        ("min_coins", (3, [2]), "cannot be paid"),
        ("set_cover", ([[1], [2]], [1, 2, 3]), r"no subset has \[3\]"),
        ("shortest_path", ([("A", "B", 1)], "B", "A"), "no way from 'B' to 'A'"),
        ("constrained_shortest_path", ([("A", "B", 1, 9)], "A", "B", 8), "within the limit"),
        ("critical_path", ({"A": 1, "B": 1}, [("A", "B"), ("B", "A")]), "circle"),
        ("critical_path", ({"A": 1}, [("A", "B")]), "no duration"),
        ("min_spanning_tree", ([("A", "B", 1), ("C", "D", 1)],), "do not connect"),
        ("max_flow", ([("A", "B", 1)], "A", "Z"), "'Z' is in no edge"),
        ("graph_colouring", (7.5,), "edges must look like"),
        ("count_sat", ([[0]],), "0 is no variable"),
        ("job_shop", ([[1, 2]],), "must look like"),
        ("interval_scheduling", ([(4, 1)],), "ends before it starts"),
        ("find_assignment", (["a"], [1], [lambda b, c: b < c]), "no variables"),
        ("sudoku", (["11..", "....", "....", "...."],), "twice"),
        ("convert", (1, "km", "kg"), "cannot convert"),
        ("days_between", ("soon", "2024-01-01"), "must look like"),
        ("from_roman", ("IIX",), "no Roman numeral"),
        ("roman", (0,), "1 to 3999"),
        ("parse_fraction", ("half",), "must look like"),
    ],
)
def test_what_cannot_be_read_is_answered_with_how_it_should_look(
    function: str, arguments: tuple[object, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        call[function](*arguments)


def test_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(AttributeError, match="shortest_tour"):
        _ = solvers.tsp


def test_calls_are_recorded_up_to_the_twentieth() -> None:
    for amount in range(22):
        call["coin_ways"](amount, [1, 2])

    lines = Path(_record.FILE).read_text().splitlines()
    assert len(lines) == 20
    assert json.loads(lines[3]) == {
        "function": "coin_ways",
        "arguments": {"amount": 3, "coins": [1, 2]},
        "value": 2,
        "solution": None,
    }


@pytest.mark.parametrize(("length", "is_there"), [(64 * 1024 - 100, True), (64 * 1024, False)])
def test_call_that_is_too_long_is_not_recorded(length: int, is_there: bool) -> None:
    answered("subset_sum", {"values": "x" * length}, 1, None)

    assert Path(_record.FILE).exists() == is_there


def test_solver_works_where_nothing_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(_record.FILE).mkdir()

    assert call["min_coins"](11, [1, 5, 7]) == 3


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        ("days_between", ("March 1, 2024", "2024-02-28"), -2),
        ("days_between", ("3/1/2024", "1 April 2024"), 31),
        ("add_days", ("2023-12-31", 1), "2024-01-01"),
        ("add_days", ("2024-02-29", -1, "years"), "2023-02-28"),
        ("add_days", ("2024-01-10", 2, "weeks"), "2024-01-24"),
        ("weekday", ("2000-01-01",), "Saturday"),
        ("business_days", ("2024-12-23", "2024-12-27", ["2024-12-25"]), 4),
        ("age_on", ("2000-02-29", "2024-02-29"), 24),
        ("time_between", ("23:30", "00:15"), 45),
        ("time_between", ("9:00 am", "1:30 pm"), 270),
        ("convert", (0, "celsius", "fahrenheit"), 32),
        ("convert", (90, "km/h", "m/s"), 25),
        ("convert", (2, "hours", "minutes"), 120),
        ("convert", (3, "feet", "inches"), 36),
        ("convert", ("1", "square feet", "square inches"), 144),
        ("convert", (1, "GiB", "MiB"), 1024),
        ("parse_fraction", ("-1 1/2",), Fraction(-3, 2)),
        ("parse_fraction", ("12.5%",), Fraction(1, 8)),
        ("number_to_words", (1_000_015,), "one million fifteen"),
        ("number_to_words", (-40,), "minus forty"),
        ("n_queens", (8,), 92),
    ],
)
def test_calculator_gives_what_the_calendar_and_the_tables_say(
    function: str, arguments: tuple[object, ...], expected: object
) -> None:
    assert call[function](*arguments) == expected


@pytest.mark.parametrize("value", [1, 4, 9, 40, 90, 400, 944, 1994, 3999])
def test_roman_numeral_is_read_back(value: int) -> None:
    assert call["from_roman"](call["roman"](value)) == value


def test_puzzle_with_conditions_is_solved() -> None:
    conditions = [lambda red, blue: red == blue + 1, lambda v: v["green"] != 1, "all different"]

    assert call["find_assignment"](["red", "blue", "green"], [1, 2, 3], conditions) == {
        "red": 2,
        "blue": 1,
        "green": 3,
    }
    assert call["find_assignment"]({"a": [1], "b": [1]}, [lambda a, b: a != b]) is None
    assert (
        len(call["all_assignments"]("a b", {"a": [1, 2], "b": [1, 2]}, [(("a", "b"), lambda x, y: x <= y)]))
        == 3
    )


@pytest.mark.parametrize("yes", [True, 1])
def test_yes_and_no_are_taken_in_every_form(yes: object) -> None:
    assert call["assignment"]([[1, 5], [9, 7]], maximize=yes) == 14


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("assignment", ([[1, 5], [9, 7]], [1, 2])),
        ("max_flow", ([("a", "b", 3)], "a", "b", "c")),
        ("shortest_path", ([("a", "b", 3)], "a", "b", 7)),
        ("shortest_tour", ([(0, 0), (1, 1)], "euclidean", [1])),
        ("longest_increasing_subsequence", ([1, 2], None)),
    ],
)
def test_argument_in_the_place_of_a_yes_or_no_is_refused(
    function: str, arguments: tuple[object, ...]
) -> None:
    with pytest.raises(ValueError, match="must be True or False"):
        call[function](*arguments)
