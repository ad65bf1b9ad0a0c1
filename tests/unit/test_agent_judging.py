"""Which program to believe, and whether to write another."""

import pytest

from agent import Check, Means, Task
from agent._judging import Candidate, agreeing, best, confidence, decide, wants_words
from engine import File

QUESTION = Task(question="How many?")
PROGRAM = Task(question="Write f.", wants="program", tests="assert f()")
STRONG = Check(name="tests", passed=True, strong=True)
WEAK = Check(name="numbers", passed=True)
DOUBT = Check(name="bounds", passed=False, detail="a count of 2.5")
OPEN = Check(name="constraints", passed=None, strong=True)


def candidate(answer: str | None, *checks: Check, number: int = 1, ok: bool = True) -> Candidate:
    return Candidate(number=number, program="p", answer=answer, ok=ok, checks=checks)


def ballot(*answers: str | None) -> list[Candidate]:
    return [
        candidate(answer, number=number, ok=answer is not None) for number, answer in enumerate(answers, 1)
    ]


def words(answer: str | None) -> Candidate:
    return Candidate(number=2, program="", in_words=True, answer=answer, ok=answer is not None)


@pytest.mark.parametrize(
    ("checks", "ok", "verified"),
    [
        ((STRONG,), True, True),
        ((STRONG, WEAK, OPEN), True, True),
        ((WEAK,), True, False),
        ((OPEN,), True, False),
        ((STRONG, DOUBT), True, False),
        ((STRONG,), False, False),
        ((), True, False),
    ],
)
def test_candidate_is_verified_by_a_strong_check_that_nothing_contradicts(
    checks: tuple[Check, ...], ok: bool, verified: bool
) -> None:
    assert candidate("1", *checks, ok=ok).is_verified is verified


@pytest.mark.parametrize(
    ("task", "candidates", "action"),
    [
        (QUESTION, [candidate("1", STRONG)], "accept"),
        (QUESTION, [candidate("1")], "sample"),
        (QUESTION, [candidate("1", DOUBT)], "sample"),
        (QUESTION, ballot(None), "sample"),
        (QUESTION, ballot("1", "1"), "accept"),
        (QUESTION, ballot("1", "2"), "sample"),
        (QUESTION, ballot("1", "2", "1"), "accept"),
        (QUESTION, ballot("1", "2", "3", "4", "5"), "stop"),
        (QUESTION, ballot(None, None, None, None, None), "stop"),
        (PROGRAM, [candidate("p", STRONG)], "accept"),
        (PROGRAM, ballot(None), "sample"),
    ],
)
def test_vote_ends_when_programs_agree_or_a_strong_check_passes(
    task: Task, candidates: list[Candidate], action: str
) -> None:
    assert decide(task, candidates, Means()).action == action


@pytest.mark.parametrize(("samples", "action"), [(1, "accept"), (2, "sample")])
def test_one_program_is_enough_if_no_more_are_wanted(samples: int, action: str) -> None:
    assert decide(QUESTION, ballot("1"), Means(samples=samples)).action == action


def test_doubt_is_the_reason_for_another_program() -> None:
    assert decide(QUESTION, [candidate("2.5", DOUBT)], Means()).why == "in doubt: a count of 2.5"


UNCLEAR = Check(name="edits", passed=False, detail="3 others pass as well")


def edited(*checks: Check) -> Candidate:
    return Candidate(number=2, program="p", answer="p", ok=True, edited=True, checks=(STRONG, *checks))


def test_edit_of_a_written_program_is_believed_only_if_tests_tell_it_from_others() -> None:
    failed = candidate(None, ok=False)

    assert decide(PROGRAM, [failed, edited()], Means()).action == "accept"
    assert decide(PROGRAM, [failed, edited(UNCLEAR)], Means()).action == "sample"
    assert decide(PROGRAM, [failed, edited(UNCLEAR)], Means(samples=1)).action == "accept"


def test_edit_of_a_given_program_is_taken_at_once() -> None:
    given = Task(question="Fix f.", wants="program", code="def f(): 0", tests="assert f()")

    assert decide(given, [edited(UNCLEAR)], Means()).action == "accept"
    assert confidence([edited(UNCLEAR)], edited(UNCLEAR)) == "unverified"
    assert confidence([edited()], edited()) == "verified"


def test_edits_are_none_of_the_programs_that_may_be_written() -> None:
    failed = candidate(None, ok=False)

    assert decide(PROGRAM, [failed, edited(UNCLEAR)], Means(samples=2)).action == "sample"
    assert decide(PROGRAM, [failed, edited(UNCLEAR), failed], Means(samples=2)).action == "stop"


@pytest.mark.parametrize(
    ("answers", "number"),
    [
        (("1", "2", "2"), 2),
        (("1", "2", "3"), 1),
        (("1", "2", "1.0", "2", "1"), 1),
        ((None, "2", None), 2),
    ],
)
def test_plurality_wins_and_of_equals_the_earliest(answers: tuple[str | None, ...], number: int) -> None:
    chosen = best(ballot(*answers))

    assert chosen is not None
    assert chosen.number == number


def test_nothing_is_best_where_nothing_worked() -> None:
    assert best(ballot(None, None)) is None
    assert best([]) is None


def test_verified_answer_outweighs_an_unverified_one() -> None:
    chosen = best([candidate("1", number=1), candidate("2", STRONG, number=2)])

    assert chosen is not None
    assert chosen.answer == "2"


def test_answer_in_doubt_loses_against_one_without() -> None:
    chosen = best([candidate("2.5", DOUBT, number=1), candidate("2", number=2)])

    assert chosen is not None
    assert chosen.answer == "2"


@pytest.mark.parametrize(
    ("chosen", "others", "word"),
    [
        (candidate("1", STRONG), [], "verified"),
        (candidate("1"), ballot("1.0"), "agreed"),
        (candidate("1"), ballot("2"), "unverified"),
        (candidate("1"), ballot(None), "unverified"),
    ],
)
def test_confidence_says_what_an_answer_rests_on(
    chosen: Candidate, others: list[Candidate], word: str
) -> None:
    assert confidence([chosen, *others], chosen) == word


def test_failed_program_agrees_with_none() -> None:
    failed = candidate("1", ok=False)
    good = candidate("1", number=2)

    assert agreeing([failed, good], good) == [good]
    assert agreeing([failed, good], candidate(None)) == []


def test_answer_in_words_decides_between_programs() -> None:
    candidates = [*ballot("1", "2"), words("2.0")]

    decided, chosen = decide(QUESTION, candidates, Means()), best(candidates)

    assert (decided.action, decided.why) == ("accept", "a program and an answer in words agree")
    assert chosen is not None
    assert (chosen.number, confidence(candidates, chosen)) == (2, "agreed")


@pytest.mark.parametrize("answer", ["3", None])
def test_answer_in_words_that_no_program_has_settles_nothing(answer: str | None) -> None:
    candidates = [*ballot("1", "2"), words(answer)]

    chosen = best(candidates)

    assert decide(QUESTION, candidates, Means()).action == "sample"
    assert chosen is not None
    assert chosen.number == 1


def test_answer_in_words_is_never_chosen_itself() -> None:
    doubted = candidate("1", DOUBT, DOUBT, DOUBT)

    chosen = best([doubted, words("2")])

    assert chosen == doubted
    assert best([*ballot(None), words("2")]) is None


@pytest.mark.parametrize(
    ("task", "candidates", "means", "wanted"),
    [
        (QUESTION, ballot("1", "2"), Means(), True),
        (QUESTION, ballot("1", None), Means(), True),
        (QUESTION, ballot("1"), Means(), False),
        (QUESTION, ballot(None, None), Means(), False),
        (QUESTION, [*ballot("1", "2"), words("3")], Means(), False),
        (QUESTION, ballot("1", "2"), Means(route="code"), False),
        (PROGRAM, ballot("1", "2"), Means(), False),
        (Task(question="How many?", files=(File(name="a", data=b""),)), ballot("1", "2"), Means(), False),
    ],
)
def test_words_are_wanted_once_when_programs_disagree(
    task: Task, candidates: list[Candidate], means: Means, wanted: bool
) -> None:
    assert wants_words(task, candidates, means) is wanted
