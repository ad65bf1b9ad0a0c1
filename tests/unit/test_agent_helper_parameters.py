"""Which data of a question is which parameter."""

import pytest

from agent._helper_parameters import _PARAMETERS, named_for
from agent._helpers import all_stubs
from agent._tables import Given


def numbers(name: str, said: str, *values: object) -> Given:
    return Given(name, list(values) or [1, 2, 3], said=said)


def names(function: str, *data: Given) -> list[str]:
    return [given.name for given in named_for(function, data)]


def test_every_parameter_is_one_of_a_function_of_the_library() -> None:
    known = {stub.name: {text.partition("=")[0] for text in stub.parameters} for stub in all_stubs()}

    assert all(parameters.keys() <= known[function] for function, parameters in _PARAMETERS.items())


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("weight", "worth euros"), ["weights", "values"]),
        (("profit", "needs litres"), ["values", "weights"]),
        (("kg", "stars"), ["weights", "values"]),
        (("stars", "kg"), ["values", "weights"]),
        (("stars", "moons"), ["first", "second"]),
        (("kg", "litres"), ["first", "second"]),
    ],
)
def test_lists_of_one_form_are_told_apart_by_their_words_or_not_at_all(
    said: tuple[str, str], expected: list[str]
) -> None:
    assert names("knapsack", numbers("first", said[0]), numbers("second", said[1])) == expected


def test_one_list_for_one_parameter_needs_no_words() -> None:
    assert names("makespan", numbers("numbers", "")) == ["durations"]
    assert names("makespan", numbers("numbers", ""), numbers("numbers2", "")) == ["numbers", "numbers2"]


def test_form_decides_where_words_say_nothing() -> None:
    rows = Given("rows", [[1, 2], [3, 4]])

    assert names("facility_location", numbers("fees", ""), rows) == ["opening_costs", "serving_costs"]
    assert names("job_shop", Given("parts", [[(1, 2), (2, 3)], [(2, 1), (1, 4)]])) == ["jobs"]
    assert names("shortest_tour", Given("points", [(1, 2), (3, 4)])) == ["cities"]
    assert names("set_cover", Given("sets", {"A": [1]})) == ["subsets"]
    assert names("assignment", numbers("fees", "")) == ["fees"]


def test_name_that_something_else_has_is_not_given_twice() -> None:
    given = (numbers("numbers", ""), Given("sizes", [[1, 2], [3, 4]]))

    assert names("bin_packing", *given) == ["numbers", "sizes"]


def test_function_about_which_nothing_is_known_changes_nothing() -> None:
    assert names("max_flow", Given("edges", [("a", "b", 3)])) == ["edges"]
    assert names("knapsack") == []


def test_edges_of_a_limited_path_have_the_cost_before_the_time() -> None:
    edges = Given("edges", [(0, 1, 7, 40)], ("from", "to", "hours", "toll"))
    right = Given("edges", [(0, 1, 40, 7)], ("from", "to", "toll", "hours"))

    assert named_for("constrained_shortest_path", [edges]) == (right,)
    assert named_for("constrained_shortest_path", [right]) == (right,)
    assert named_for("shortest_path", [edges]) == (edges,)


@pytest.mark.parametrize("columns", [(), ("a", "b", "km", "toll"), ("a", "b", "hours", "minutes")])
def test_edges_whose_columns_say_nothing_stay_as_they_are(columns: tuple[str, ...]) -> None:
    edges = Given("edges", [(0, 1, 7, 40)], columns)

    assert named_for("constrained_shortest_path", [edges]) == (edges,)
