import pytest

from agent.bench._items import AnswerType, Item
from agent.bench._scoring import is_right


def item(answer: str, kind: AnswerType, **fields: float) -> Item:
    return Item(id="x", kind="math", answer_type=kind, answer=answer, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("12", True),
        ("It is 12.0", True),
        ("12, not 13", False),
        ("", False),
        ("11.9999999", True),
        ("11.99", False),
    ],
)
def test_integer_is_the_last_number(answer: str, right: bool) -> None:
    assert is_right(item("12", "int"), answer) is right


def test_large_integers_are_compared_exactly() -> None:
    assert is_right(item("12345678901234567890", "int"), "12345678901234567890")
    assert not is_right(item("12345678901234567890", "int"), "12345678901234567891")


@pytest.mark.parametrize(("answer", "right"), [("5.1", True), ("4.9", True), ("5.101", False)])
def test_absolute_tolerance_is_kept(answer: str, right: bool) -> None:
    assert is_right(item("5.0", "float", abs_tol=0.1), answer) is right


@pytest.mark.parametrize(("answer", "right"), [("1001", True), ("1001.1", False), ("-1000", False)])
def test_relative_tolerance_is_kept(answer: str, right: bool) -> None:
    assert is_right(item("1000.0", "float", rel_tol=0.001), answer) is right


@pytest.mark.parametrize(("answer", "right"), [("1000.0009", True), ("1000.002", False)])
def test_float_without_tolerance_allows_for_rounding_noise(answer: str, right: bool) -> None:
    assert is_right(item("1000.0", "float"), answer) is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("90", True),
        ("Profit 90 with 3 chairs and 4 tables", True),
        ("profit 90\n3 chairs and 4 tables", False),
        ("3 chairs, 4 tables", False),
    ],
)
def test_objective_of_named_values_decides(answer: str, right: bool) -> None:
    named = item('{"Chairs": 3.0, "Tables": 4.0, "Profit": 90.0}', "named_floats", rel_tol=0.001)

    assert is_right(named, answer) is right


def test_objective_is_the_entry_that_names_an_optimum() -> None:
    named = item('{"The optimal number of shops": 2.0, "Shop in town A": 1.0}', "named_floats")

    assert is_right(named, "2")
    assert not is_right(named, "1")


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("no solution", True),
        ("The problem is infeasible.", True),
        ("Unbounded", True),
        ("There is no optimal solution", True),
        ("12", False),
        ("the best solution is 3", False),
    ],
)
def test_lack_of_a_solution_has_to_be_said(answer: str, right: bool) -> None:
    assert is_right(item("No Best Solution", "no_solution"), answer) is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("(B)", True),
        ("B", True),
        ("B)", True),
        ("The answer is (B).", True),
        ("(B) noon to one", True),
        ("(A) is wrong, so (B)", True),
        ("maybe (A)\n**(B)**", True),
        ("(B) or (C)", False),
        ("(B) and not (C), or neither", False),
        ("(A)", False),
        ("A", False),
        ("b", False),
        ("", False),
    ],
)
def test_option_is_found_on_the_last_line(answer: str, right: bool) -> None:
    assert is_right(item("(B)", "string"), answer) is right


@pytest.mark.parametrize(
    ("wanted", "answer", "right"),
    [
        ("Yes", "yes", True),
        ("Yes", "Yes, it does.", True),
        ("Yes", "Let me see: no...\nThe answer is Yes.", True),
        ("Yes", "not no but yes", True),
        ("No", "yes and no and yes", False),
        ("No", "nothing", False),
        ("True", "true", True),
        ("False", "True", False),
        ("valid", "The argument is **valid**.", True),
        ("valid", "invalid", False),
        ("invalid", "invalid", True),
    ],
)
def test_word_of_a_pair_counts_without_its_opposite(wanted: str, answer: str, right: bool) -> None:
    assert is_right(item(wanted, "string"), answer) is right


@pytest.mark.parametrize(
    ("wanted", "answer", "right"),
    [
        ("ant bee cat", "ant bee cat", True),
        ("ant bee cat", "`ant bee cat`.", True),
        ("ant bee cat", "sorted:\nant bee cat\n", True),
        ("ant bee cat", "'ant bee cat'", True),
        ("ant bee cat", "ant cat bee", False),
        ("Ant", "ant", False),
        ("] )", "] )", True),
        ("1 2\n2 1", "here:\n1 2 \n2 1", True),
        ("1 2\n2 1", "2 1", False),
        ("8", "8.0", True),
        ("8", "There are 8 of them", True),
        ("8", "9", False),
        ("0x1f", "0x1f", True),
        ("0x1f", "31", False),
        ("$\\dfrac{3}{4}$", "3/4", True),
        ("$\\dfrac{3}{4}$", "4/3", False),
    ],
)
def test_other_strings_are_compared_as_text_and_numbers_as_numbers(
    wanted: str, answer: str, right: bool
) -> None:
    assert is_right(item(wanted, "string"), answer) is right


@pytest.mark.parametrize(
    ("label", "route", "right"),
    [("code", "code", True), ("code", "text", False), ("either", "text", True), ("either", "code", True)],
)
def test_either_route_is_right_where_the_label_says_so(label: str, route: str, right: bool) -> None:
    assert is_right(item(label, "label"), route) is right


@pytest.mark.parametrize("kind", ["latex", "verifier", "task_json", "tests", "io"])
def test_types_that_text_does_not_decide_are_refused(kind: AnswerType) -> None:
    with pytest.raises(ValueError, match=kind):
        is_right(item("1", kind), "1")
