"""Generated problems: their answers against the helper library, their form, and that they never change."""

import hashlib
import json
from pathlib import Path

import pytest

from agent.bench._nphard import DATASET, KINDS, Dice, generate, instance
from agent.bench._nphard_stories import STORIES
from agent.guest import solvers


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", [1, 2, 3])
def test_answer_agrees_with_the_helper_library(kind: str, level: int) -> None:
    data = instance(kind, level, Dice(f"test/{kind}/{level}"))

    optimum = KINDS[kind][1](**data)

    assert optimum == getattr(solvers, kind)(**data)


def test_problem_has_the_form_of_the_evaluation_sets() -> None:
    (item,) = generate(5, 1, ["knapsack"])

    assert item["id"] == f"{DATASET}/5/knapsack/0"
    assert (item["dataset"], item["kind"], item["answer_type"]) == (DATASET, "algo", "int")
    assert item["meta"] == {"type": "knapsack", "level": 1}
    assert str(int(item["answer"])) == item["answer"]
    assert item["question"].endswith("\nAnswer with one integer.")
    json.dumps(item)


def test_kinds_take_turns_and_levels_rise() -> None:
    items = generate(1, 9, ["knapsack", "coin_ways"])

    assert [item["meta"]["type"] for item in items[:3]] == ["knapsack", "coin_ways", "knapsack"]
    assert [item["meta"]["level"] for item in items[::2]] == [1, 2, 3, 1, 2]


def test_same_seed_gives_the_same_problems_everywhere() -> None:
    text = json.dumps(generate(2, 34), sort_keys=True)

    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "2402cdfe62fff919"


def test_more_problems_begin_with_the_fewer_ones() -> None:
    assert generate(3, 20)[:17] == generate(3, 17)


def test_other_seed_gives_other_problems() -> None:
    assert generate(3, 1)[0]["question"] != generate(4, 1)[0]["question"]


def test_every_kind_has_two_wordings_that_hold_its_numbers() -> None:
    assert set(STORIES) == set(KINDS)
    for kind, stories in STORIES.items():
        data = instance(kind, 1, Dice("wordings"))

        texts = [story(data) for story in stories]

        assert len(set(texts)) == len(texts) >= 2


def test_unknown_kind_is_refused_with_what_there_is() -> None:
    with pytest.raises(ValueError, match="no kind `chess`; there are shortest_tour"):
        generate(1, 1, ["chess"])


def test_dice_reach_both_ends() -> None:
    dice = Dice("ends")

    assert set(dice.numbers(200, 1, 6)) == {1, 2, 3, 4, 5, 6}
    assert sorted(dice.sample(range(5), 5)) == [0, 1, 2, 3, 4]
