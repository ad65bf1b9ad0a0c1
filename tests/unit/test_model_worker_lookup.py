"""Guessing the next tokens from those before."""

import pytest

from agent.models.worker.lookup import Lookup, most_guessed

FIRST_GUESS = 3
LONGEST_GUESS = 16


def looked_up(tokens: list[int]) -> Lookup:
    lookup = Lookup()
    lookup.extend(tokens)
    return lookup


def test_what_followed_three_tokens_is_guessed_to_follow_them_again() -> None:
    lookup = looked_up([1, 2, 3, 4, 5, 6, 7, 1, 2, 3])

    assert lookup.guess(10) == [4, 5, 6]


def test_two_tokens_alike_are_too_few() -> None:
    lookup = looked_up([9, 2, 3, 4, 5, 6, 1, 2, 3])

    assert lookup.guess(10) == []


def test_latest_place_is_taken() -> None:
    lookup = looked_up([1, 2, 3, 4, 1, 2, 3, 5, 1, 2, 3])

    assert lookup.guess(1) == [5]


def test_nothing_is_guessed_at_the_beginning() -> None:
    assert looked_up([1, 2]).guess(10) == []
    assert Lookup().guess(10) == []


def test_guess_is_never_longer_than_allowed() -> None:
    lookup = looked_up([1, 2, 3, 4, 5, 6, 7, 1, 2, 3])

    assert lookup.guess(2) == [4, 5]
    assert lookup.guess(0) == []
    assert lookup.guess(-1) == []


def test_guess_ends_with_what_is_known() -> None:
    lookup = looked_up([1, 2, 3, 1, 2, 3])

    assert lookup.guess(10) == [1, 2, 3]


def test_tokens_that_come_one_by_one_are_found_as_those_that_came_together() -> None:
    lookup = Lookup()

    for token in [1, 2, 3, 4, 5, 6, 7, 1, 2, 3]:
        lookup.extend([token])

    assert lookup.guess(10) == [4, 5, 6]


def test_right_guesses_make_the_next_longer_up_to_a_limit() -> None:
    lookup = looked_up([*range(40), 0, 1, 2])
    lengths = []

    for _ in range(4):
        guess = lookup.guess(100)
        lengths.append(len(guess))
        lookup.learn(len(guess), len(guess))

    assert lengths == [FIRST_GUESS, 2 * FIRST_GUESS, 4 * FIRST_GUESS, LONGEST_GUESS]


def test_wrong_guess_makes_the_next_as_long_as_what_was_right_in_it_but_not_shorter_than_two() -> None:
    lookup = looked_up([*range(40), 0, 1, 2])
    lookup.learn(3, 3)
    lookup.learn(6, 6)

    lookup.learn(12, 5)
    after_five = len(lookup.guess(100))
    lookup.learn(5, 0)
    after_none = len(lookup.guess(100))

    assert (after_five, after_none) == (5, 2)


@pytest.mark.parametrize(("answers", "expected"), [(1, 20), (2, 2), (3, 1), (4, 0), (8, 0)])
def test_answers_side_by_side_guess_no_more_than_is_cheap(answers: int, expected: int) -> None:
    assert most_guessed(answers, 20) == expected
