"""Which of the edits that pass is chosen, and what is said of it; the report may be forged."""

import pytest

from agent._searching import Found, edit_checks, found_in
from agent.edits import edits_of

EDITS = edits_of("def f(a, b):\n    return a < b\n")


def report(*passing: tuple[int, int], passes: object = False, tried: object = 10) -> dict[str, object]:
    return {"passes": passes, "tried": tried, "passing": [list(pair) for pair in passing]}


def test_single_edit_that_passes_is_chosen() -> None:
    assert found_in(report((3, 7)), EDITS) == Found(tried=10, passing=1, alike=1, edit=EDITS[3])


def test_edits_that_do_the_same_speak_for_each_other() -> None:
    found = found_in(report((0, 1), (2, 5), (4, 5), (5, 9)), EDITS)

    assert (found.edit, found.passing, found.alike) == (EDITS[2], 4, 2)


def test_earlier_edit_is_chosen_between_equals() -> None:
    assert found_in(report((4, 1), (2, 8)), EDITS).edit == EDITS[2]
    assert found_in(report((1, 2), (2, 3), (3, 3), (4, 2)), EDITS).edit == EDITS[1]


def test_edits_that_were_not_seen_to_the_end_stand_alone() -> None:
    found = found_in(report((0, -1), (1, -1), (2, 4), (3, 4)), EDITS)

    assert (found.edit, found.alike) == (EDITS[2], 2)


def test_program_that_passes_as_it_is_needs_no_edit() -> None:
    assert found_in(report(passes=True), EDITS) == Found(passes=True)


def test_nothing_is_found_where_none_passes() -> None:
    assert found_in(report(), EDITS) == Found(tried=10)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "found",
        [],
        {},
        report(passes="no"),
        report(tried="all"),
        {**report(), "more": 1},
        {**report(), "passing": [[1]]},
        {**report(), "passing": [["1", 2]]},
        report((-1, 0)),
        report((0, 1), (len(EDITS), 1)),
    ],
)
def test_report_that_cannot_be_one_says_nothing(value: object) -> None:
    found = found_in(value, EDITS)

    assert (found.edit, found.passes) == (None, False)


def test_evidence_names_the_edit_and_what_tests_leave_open() -> None:
    (clear,) = edit_checks(Found(tried=90, passing=2, alike=2, edit=EDITS[0]))
    (unclear,) = edit_checks(Found(tried=90, passing=5, alike=2, edit=EDITS[0]))

    assert (clear.passed, clear.strong, clear.detail) == (True, False, f"one edit of 90: {EDITS[0].said}")
    assert (unclear.passed, unclear.strong) == (False, False)
    assert "; 3 other edits pass as well" in unclear.detail
    assert edit_checks(Found(tried=90)) == ()
