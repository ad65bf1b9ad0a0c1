import json
from typing import get_args

import pytest

from agent import Budget
from agent._steps import Confidence
from agent.bench._machine import Header
from agent.bench._records import Record
from agent.bench._report import as_json, as_text
from agent.bench._summary import Summary, summarize

HEADER = Header(
    model="tiny",
    budget=Budget(programs=3, tokens=100, seconds=9.0),
    versions={"isorun": "1.0"},
    cpu="Abacus",
    cores=2,
    commit="0123456789abcdef",
    skipped={"sums": {"latex": 3}},
)


def record(item: int, arm: str, *, right: bool = True, **fields: object) -> Record:
    plain: dict[str, object] = {"set": "sums", "model": "tiny", "seed": 0, "confidence": "agreed"}
    return Record(item=f"i{item}", arm=arm, right=right, **{**plain, **fields})  # type: ignore[arg-type]


def arm(name: str, rights: str, **fields: object) -> list[Record]:
    """Return a record for each letter: `x` is right."""
    return [record(number, name, right=letter == "x", **fields) for number, letter in enumerate(rights)]


def summary(*records: Record) -> Summary:
    return summarize([HEADER], records)


def test_row_has_shares_and_means_of_its_arm() -> None:
    found = summary(
        record(1, "code", right_first=True, ran=True, new_tokens=10, seconds=1.0, constant=2, cpu_ms=4.0),
        record(2, "code", right_first=False, ran=True, new_tokens=30, seconds=3.0, repairs=2),
        record(3, "code", right=False, ran=False, new_tokens=20, seconds=8.0, error="x", peak_memory_mib=9.0),
    )

    (row,) = found.rows
    assert (row.right.right, row.right.count) == (2, 3)
    assert (row.first.right, row.first.count) == (1, 2)
    assert (row.ran.right, row.ran.count) == (2, 3)
    assert (row.new_tokens, row.new_tokens_per_right) == (20.0, 30.0)
    assert (row.seconds.median, row.seconds.percentile95) == (3.0, 8.0)
    assert (row.constant, row.errors, row.cpu_ms, row.peak_memory_mib) == (1, 1, 4.0, 9.0)
    assert row.repairs == pytest.approx(2 / 3)


def test_arm_that_solved_nothing_has_no_tokens_per_solved_item() -> None:
    (row,) = summary(*arm("code", "..")).rows

    assert row.new_tokens_per_right is None


def test_rows_stand_by_set_and_then_by_arm_as_they_were_measured() -> None:
    found = summary(*arm("full", "x", set="b"), *arm("text", "x", set="a"), *arm("text", "x", set="b"))

    assert [(row.set, row.arm) for row in found.rows] == [("b", "full"), ("b", "text"), ("a", "text")]


def test_arms_are_compared_with_the_first_on_items_of_both() -> None:
    found = summary(*arm("text", "xx..x"), *arm("code", "x.xx"), *arm("vote", "x"))

    one, two = found.comparisons
    assert (one.base, one.arm, two.base, two.arm) == ("text", "code", "text", "vote")
    assert (one.paired.both, one.paired.gained, one.paired.lost, one.paired.neither) == (1, 2, 1, 0)
    assert one.lost_items == ("i1",)
    assert two.paired.both == 1


def test_repetitions_are_compared_by_their_seed() -> None:
    found = summary(*arm("text", "x"), *arm("text", ".", seed=1), *arm("code", "x", seed=1))

    (one,) = found.comparisons
    assert (one.paired.gained, one.paired.both) == (1, 0)


def test_models_are_never_compared_with_each_other() -> None:
    found = summary(*arm("text", "xx", model="a"), *arm("code", "..", model="b"))

    assert found.comparisons == ()


def test_harm_is_among_the_comparisons_where_text_comes_first() -> None:
    found = summary(*arm("text", "xx"), *arm("full", "x."))

    assert found.harm == ()
    assert "right in text, wrong in full: sums: i1" in as_text(found)


def test_harm_is_told_where_another_arm_comes_first() -> None:
    found = summary(*arm("code", "xx"), *arm("text", "xx"), *arm("full", "x."))

    (harm,) = found.harm
    assert (harm.base, harm.arm, harm.paired.lost) == ("text", "full", 1)
    assert "HARM" in as_text(found)


@pytest.mark.parametrize(("count", "named"), [(10, "i9"), (11, "i9, ...")])
def test_only_the_first_lost_items_are_named(count: int, named: str) -> None:
    text = as_text(summary(*arm("text", "x" * count), *arm("full", "." * count)))

    assert text.rstrip().endswith(named)


def test_confidence_is_compared_with_what_is_right() -> None:
    found = summary(
        *arm("full", "xxx.", confidence="verified"),
        *arm("full", ".", confidence="unknown"),
        *arm("full", ".", confidence=None),
    )

    shown = [(entry.confidence, entry.right.right, entry.right.count) for entry in found.calibration]
    assert shown == [("verified", 3, 4), ("unknown", 0, 1)]


def test_every_confidence_is_reported() -> None:
    levels = get_args(Confidence.__value__)

    found = summary(*(record(number, "full", confidence=level) for number, level in enumerate(levels)))

    assert {entry.confidence for entry in found.calibration} == set(levels)


def test_decisions_alone_are_a_row_and_no_comparison() -> None:
    found = summary(*arm("routing", "x.", set="routes", confidence=None), *arm("text", "xx"))

    first, _ = found.rows
    assert (first.set, first.arm, first.right.right) == ("routes", "routing", 1)
    assert found.comparisons == ()


def test_text_says_conditions_and_what_was_not_scored() -> None:
    text = as_text(summary(*arm("text", "xx..")))

    assert text.startswith("tiny: budget 3 programs, 100 tokens, 9 s; isorun 1.0, commit 0123456789ab; ")
    assert "not scored: 3 of sums: latex" in text
    assert "50.0" in text
    assert "15.0-85.0" in text


def test_columns_stand_below_each_other() -> None:
    lines = as_text(summary(*arm("text", "x"), *arm("repair", "x" * 12))).splitlines()

    at = lines.index("RIGHT")
    headings, *rows = lines[at + 1 : at + 4]
    end = headings.index("items") + len("items")
    assert [row[:end].split()[-1] for row in rows] == ["1", "12"]


def test_several_models_are_told_apart() -> None:
    text = as_text(summary(*arm("text", "x", model="a"), *arm("text", "x", model="b")))

    assert "sums (a)" in text
    assert "sums (b)" in text


def test_markdown_has_one_width_of_rows() -> None:
    text = as_text(summary(*arm("text", "xx", set="a|b"), *arm("code", "xx", set="a|b")), markdown=True)

    tables = [block for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 4
    for table in tables:
        widths = {line.replace("\\|", "").count("|") for line in table.splitlines()}
        assert len(widths) == 1


def test_json_is_one_object_with_everything() -> None:
    data = json.loads(as_json(summary(*arm("text", "x"), *arm("full", "."))))

    assert {"headers", "rows", "comparisons", "harm", "calibration", "skipped"} == set(data)
    assert data["rows"][0]["right"]["share"] == 1.0
    assert data["comparisons"][0]["paired"]["lost"] == 1


def test_nothing_measured_is_an_empty_report() -> None:
    assert as_text(summarize([], [])) == "\n"
