"""The helper library as the host sees it: files, stubs, the choice by words, missing imports."""

import ast

import pytest

from agent import _helpers
from agent._helper_keywords import FEATURES, KEYWORDS
from agent.guest import solvers

#: Questions of our own, with the function that answers them.
_QUESTIONS = {
    "shortest_tour": "A milkman visits every farm once and returns to the dairy. Find the shortest route.",
    "knapsack": "A van carries at most 90 kg. Which give the largest profit? Box A: 10 kg, value 5.",
    "bin_packing": "What is the fewest number of trucks if each truck has a capacity of 12 tons?",
    "graph_colouring": "Lectures that share students clash. What is the smallest number of slots?",
    "job_shop": "Each job passes the machines in its own order. When can all finish, at the earliest time?",
    "solve_sat": "Is there an assignment that satisfies (a1 or not b2) and (b2 or c3)?",
    "min_spanning_tree": "Connect all houses with cables between them at the lowest total cost.",
    "sudoku": "Solve this sudoku.",
    "convert": "Convert 12 miles to kilometers.",
    "days_between": "How many days are there between 2024-02-01 and 2024-03-01?",
    "milp": "Each chair needs 3 hours. How many chairs and tables maximize the profit?",
}
_PLAIN = (
    "Tom has 3 apples and buys 5 more. How many apples does he have?",
    "A train travels 60 km in an hour. How far does it get in 7 hours?",
    "A shop sells 12 pens at $3 each and 5 books at $9 each. What does it earn?",
    "Which adjective order is right: big old red car or old big red car?",
    "Write a function that reverses the words of a sentence.",
    "",
)


def test_library_arrives_as_a_package_that_cannot_be_overwritten_by_accident() -> None:
    files = _helpers.guest_files()

    assert "solvers/__init__.py" in {file.name for file in files}
    assert all(file.read_only and file.data and file.name.endswith(".py") for file in files)


def test_stub_is_a_call_with_what_it_gives_and_an_example() -> None:
    (stub,) = [stub for stub in _helpers.all_stubs() if stub.name == "bin_packing"]

    first, second = stub.text.splitlines()
    assert first.startswith("bin_packing(sizes, capacity)  # Smallest number of bins")
    assert second == "# bin_packing(sizes=[4, 8, 1, 4, 2, 1], capacity=10)  # 2"
    assert stub.keywords


def test_every_stub_is_short_and_its_first_line_is_python() -> None:
    for stub in _helpers.all_stubs():
        ast.parse(stub.text)

        assert len(stub.text) < 300


def test_every_function_with_keywords_exists_in_the_library() -> None:
    names = {stub.name for stub in _helpers.all_stubs()}

    assert set(KEYWORDS) <= names
    assert names <= set(solvers.__all__)


@pytest.mark.parametrize("name", _QUESTIONS)
def test_question_gets_its_function(name: str) -> None:
    chosen = _helpers.choose(_QUESTIONS[name])

    assert name in [stub.name for stub in chosen]
    assert len(chosen) <= 5


@pytest.mark.parametrize("question", _PLAIN)
def test_plain_question_gets_no_function(question: str) -> None:
    assert _helpers.choose(question) == ()


def test_choice_is_limited() -> None:
    everything = " ".join(_QUESTIONS.values())

    assert len(_helpers.choose(everything, limit=1)) == 1
    assert len(_helpers.choose(everything)) <= 5


@pytest.mark.parametrize("name", FEATURES)
def test_form_of_data_is_found_quickly_in_any_text(name: str) -> None:
    """Time that grows faster than the text would not come to an end: questions come from anybody."""
    for piece in ("1, 2, ", "(1, ", "a-b, ", "x or ", "machine a "):
        short, long = FEATURES[name].search(piece * 20), FEATURES[name].search(piece * 2_000)

        assert (short is None) == (long is None)


def test_import_is_added_for_functions_that_are_called_and_not_there() -> None:
    program = "print(knapsack([1], [2], 3), min_coins(5, [1]))"

    assert _helpers.missing_imports(program) == "from solvers import knapsack, min_coins"


@pytest.mark.parametrize(
    "program",
    [
        "from solvers import knapsack\nknapsack([1], [2], 3)",
        "from solvers import *\nknapsack([1], [2], 3)",
        "from solvers import knapsack as pack\npack([1], [2], 3)",
        "def knapsack(values): return 1\nknapsack([1])",
        "knapsack = max\nknapsack([1])",
        "def f(knapsack): return knapsack(1)",
        "import solvers\nsolvers.knapsack([1], [2], 3)",
        "print(sum([1]))",
        "print(knapsack)",
        "def broken(:",
        "\0",
        "x" * 30_000,
        "(" * 5_000,
        "",
    ],
)
def test_nothing_is_added_to_what_needs_nothing_or_is_no_program(program: str) -> None:
    assert _helpers.missing_imports(program) == ""


def test_other_spelling_of_a_function_is_imported_too() -> None:
    assert _helpers.missing_imports("print(min_colors([(1, 2)]))") == "from solvers import min_colors"


def test_import_of_the_library_itself_is_added() -> None:
    assert _helpers.missing_imports("print(solvers.roman(4))") == "import solvers"


@pytest.mark.parametrize(
    ("question", "comment"),
    [
        ("Distances are Manhattan ones.", '# call shortest_tour with metric="manhattan"\n'),
        ("Streets run north-south or east-west.", '# call shortest_tour with metric="manhattan"\n'),
        ("The van need not return.", "# call shortest_tour with closed=False\n"),
        ("The van does not return.", "# call shortest_tour with closed=False\n"),
        ("The shortest round trip?", ""),
    ],
)
def test_argument_that_a_question_asks_for_is_named(question: str, comment: str) -> None:
    assert _helpers.arguments(question, ["shortest_tour", "roman"]) == comment


@pytest.mark.parametrize(("question", "shown"), [("Fewest teams?", False), ("Cheapest teams?", True)])
def test_parameter_that_misleads_is_shown_only_if_the_question_speaks_of_it(
    question: str, shown: bool
) -> None:
    (stub,) = [stub for stub in _helpers.all_stubs() if stub.name == "set_cover"]

    assert ("costs" in stub.text_for(question).partition("#")[0]) == shown
    assert "costs" in stub.text.partition("#")[0]


@pytest.mark.parametrize(
    ("program", "named"),
    [
        (
            "print(knapsack(weights, values, 45))",
            "print(knapsack(weights=weights, values=values, capacity=45))",
        ),
        (
            "x = knapsack(weights, values, capacity=4)",
            "x = knapsack(weights=weights, values=values, capacity=4)",
        ),
        ("f(\u00e9, knapsack(weights,\n  values, \u00e9))", None),
        ("print(knapsack(values, weights, 45))", ""),
        ("print(knapsack(a, b, 45))", ""),
        ("print(knapsack(weights, weights, 45))", ""),
        ("print(knapsack(weights, 1, 2, 3, 4, 5))", ""),
        ("print(max(weights, values))", ""),
        ("def knapsack(a, b): return a\nprint(knapsack(weights, values))", ""),
    ],
)
def test_lists_called_like_parameters_are_passed_by_name(program: str, named: str | None) -> None:
    found = _helpers.arguments_by_name(program, ast.parse(program))

    if named is None:
        assert found == "f(\u00e9, knapsack(weights=weights,\n  values=values, capacity=\u00e9))"
    else:
        assert found == (named or program)


@pytest.mark.parametrize(
    ("question", "first", "not_among"),
    [
        ("How many assignments satisfy (a1 or not b2) and (b2 or c3)?", "count_sat", "max_sat"),
        (
            "What is the maximum number of clauses of (a1 or not b2) and (b2 or c3) that hold?",
            "max_sat",
            "count_sat",
        ),
        (
            "Ann-Ben, Ben-Cem, Cem-Ann do not get along. The largest group where each gets along?",
            "",
            "max_clique",
        ),
    ],
)
def test_function_for_another_question_about_the_same_data_is_not_offered(
    question: str, first: str, not_among: str
) -> None:
    names = [stub.name for stub in _helpers.choose(question)]

    assert not first or names[0] == first
    assert not_among not in names
