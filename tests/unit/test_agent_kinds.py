"""Kinds of problems are told apart by their words, also in wordings that nothing was learned from."""

import pytest

from agent._helpers import all_stubs, choose
from agent.kinds import OTHER, guess, kind_of
from agent.kinds._classify import Weights, decoded, encoded, scores_of
from agent.kinds._features import features
from benchmarks.kinds import FOLDER, WEIGHTS, Example, examples, train

LEARNED = Weights(
    kinds=("", "bins", "tour"),
    bias=(0.5, 0.0, 0.0),
    weights={"box": (-1.0, 3.0, 0.0), "town": (-1.0, 0.0, 3.0), "fewest box": (0.0, 2.0, 0.0)},
)


def test_features_are_stems_and_pairs_without_numbers() -> None:
    assert features("Fewest boxes: 12,5 kg!") == {"fewest", "box", "kg", "fewest box", "box kg"}
    assert features("") == set()
    assert features("X " * 10) == features("x x")


def test_likeliest_kind_is_the_one_that_the_words_speak_for() -> None:
    assert guess("Which town?", LEARNED).kind == "tour"
    assert guess("The fewest boxes.", LEARNED).kind == "bins"
    assert guess("", LEARNED).kind == OTHER
    assert sum(guess(text, LEARNED).probability for text in [""]) == pytest.approx(0.452, abs=0.001)


def test_many_words_do_not_make_it_surer_than_few() -> None:
    assert scores_of({"box"}, LEARNED) == [-0.5, 3.0, 0.0]
    assert scores_of({"box", "fewest box"}, LEARNED)[1] == pytest.approx(5 / 2**0.5)


def test_unsure_guess_is_none() -> None:
    flat = Weights(kinds=("", *"abcdefgh"), bias=(0.0, 0.1, *[0.0] * 7), weights={})

    assert guess("anything", flat).kind == "a"
    assert kind_of("anything", flat) == OTHER


def test_weights_can_be_written_and_read() -> None:
    assert decoded(encoded(LEARNED)) == LEARNED


def test_each_kind_is_a_function_of_the_helper_library() -> None:
    learned = decoded(WEIGHTS.read_text("utf-8"))

    assert set(learned.kinds) - {OTHER} <= {stub.name for stub in all_stubs()}
    assert all(len(row) == len(learned.kinds) for row in learned.weights.values())


def test_learning_finds_the_words_that_matter() -> None:
    given = [Example(f"Of {number} boxes the fewest", "bins") for number in range(4)]
    given += [Example(f"Through {number} towns and back", "tour") for number in range(4)]

    learned = train(given)

    assert [kind_of(text, learned) for text in ("the fewest boxes", "towns and back")] == ["bins", "tour"]
    assert train(given) == learned


@pytest.mark.slow
def test_weights_are_those_of_the_wordings() -> None:
    assert encoded(train(examples(FOLDER / "learned"))) == WEIGHTS.read_text("utf-8")


def test_wordings_that_were_not_learned_from_are_told_apart() -> None:
    held_out = examples(FOLDER / "held-out")
    problems = [example for example in held_out if example.kind != OTHER]
    others = [example for example in held_out if example.kind == OTHER]

    right = sum(kind_of(example.question) == example.kind for example in problems)
    wrong = sum(kind_of(example.question) not in (example.kind, OTHER) for example in problems)

    assert (len(problems), len(others)) == (68, 60)
    assert right >= 48
    assert wrong <= 6
    assert sum(kind_of(example.question) != OTHER for example in others) <= 1


def test_nothing_that_was_learned_from_is_held_out() -> None:
    learned = {example.question for example in examples(FOLDER / "learned")}

    assert learned.isdisjoint(example.question for example in examples(FOLDER / "held-out"))


def test_kind_comes_before_what_single_words_speak_for() -> None:
    question = (
        "What is the least number of trips a ferry with 100 seats must make so that all school groups get "
        "to the island? A group insists on staying together, but several groups may share a trip.\n"
        "* 38 people\n* 42 people\n* 39 people\n"
    )

    assert kind_of(question) == "bin_packing"
    assert choose(question)[0].name == "bin_packing"


@pytest.mark.parametrize(
    "question",
    [
        "Tom has 3 bags with 12 coins each and gives 5 coins away. How many coins are left?",
        "What is the average of 4, 8, 15, 16, 23 and 42?",
        "not ( True and False ) or True is",
        "",
    ],
)
def test_plain_questions_have_no_kind(question: str) -> None:
    assert kind_of(question) == OTHER
