"""What a question has cost, and when that is enough."""

import pytest

from agent import Budget, Completion
from agent._ledger import Ledger


def wrote(tokens: int) -> Completion:
    return Completion(text="", prompt_tokens=5, reused_tokens=3, new_tokens=tokens)


def test_all_costs_add_up() -> None:
    ledger = Ledger(Budget())

    ledger.wrote(wrote(10), 1.0)
    ledger.wrote(wrote(20), 2.0)
    ledger.ran(0.5)
    ledger.checked(0.25)
    ledger.samples += 1
    ledger.repairs += 2

    totals = ledger.totals()
    assert (totals.model_calls, totals.prompt_tokens, totals.reused_tokens, totals.new_tokens) == (
        2,
        10,
        6,
        30,
    )
    assert (totals.programs, totals.samples, totals.repairs) == (1, 1, 2)
    assert (totals.model_seconds, totals.sandbox_seconds, totals.check_seconds) == (3.0, 0.5, 0.25)
    assert totals.seconds >= 0


@pytest.mark.parametrize(("programs", "over"), [(2, False), (3, True)])
def test_programs_are_limited(programs: int, over: bool) -> None:
    ledger = Ledger(Budget(programs=3))

    for _ in range(programs):
        ledger.ran(0.0)

    assert ledger.used_up() == ("the budget of 3 programs is used up" if over else "")


@pytest.mark.parametrize(("tokens", "over"), [(84, False), (85, True)])
def test_too_few_tokens_for_a_program_are_none(tokens: int, over: bool) -> None:
    ledger = Ledger(Budget(tokens=100))

    ledger.wrote(wrote(tokens), 0.0)

    assert ledger.used_up() == ("the budget of 100 tokens is used up" if over else "")


def test_tokens_left_are_never_negative() -> None:
    ledger = Ledger(Budget(tokens=100))

    ledger.wrote(wrote(130), 0.0)

    assert ledger.tokens_left == 0


@pytest.mark.parametrize(("seconds", "why"), [(1000.0, ""), (0.0, "the budget of 0 seconds is used up")])
def test_seconds_are_limited(seconds: float, why: str) -> None:
    ledger = Ledger(Budget(seconds=seconds))

    assert ledger.used_up() == why
    assert ledger.seconds_left <= seconds
