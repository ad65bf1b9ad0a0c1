"""How the guest takes a docstring apart."""

import json
import statistics
from io import StringIO

import pytest

from agent import _documents_index
from agent.guest import describe


def test_both_sides_agree_about_names() -> None:
    assert (describe.DOCUMENTS, describe.VERSIONS) == (
        _documents_index._DOCUMENTS,
        _documents_index._VERSIONS,
    )


def test_examples_are_taken_out_of_a_docstring() -> None:
    doc = "Do work.\n\nExamples\n--------\n>>> f(\n...     1)\n[1,\n 2]\n\nMore words.\n"

    text, example = describe.split_doc(doc)

    assert text == "Do work.\n\nMore words."
    assert example == ">>> f(\n...     1)\n[1,\n2]"


def test_long_example_is_cut_before_a_statement() -> None:
    doc = ">>> x = 1\n" * 40 + ">>> f(\n" + "... 1,\n" * 60

    _, example = describe.split_doc(doc)

    assert example == "\n".join([">>> x = 1"] * 40)


@pytest.mark.parametrize(("size", "end"), [(400, "x"), (401, "…")])
def test_text_is_capped(size: int, end: str) -> None:
    text, _ = describe.split_doc("y " + "x" * (size - 2))

    assert len(text) <= 400
    assert text.endswith(end)


def test_signature_that_stands_as_summary_is_left_out() -> None:
    assert describe.split_doc("dot(a, b, out=None)\n\nMultiply.")[0] == "Multiply."


def test_row_says_name_signature_and_text() -> None:
    found = describe.row(statistics.mean, "statistics.mean")

    assert found is not None
    assert found["signature"] == "mean(data)"
    assert found["text"].startswith("Return the sample arithmetic mean")
    assert ">>> mean([1, 2, 3, 4, 4])" in found["example"]


def test_thing_without_words_has_no_row() -> None:
    def bare() -> None: ...

    assert describe.row(bare, "bare") is None


def test_signature_has_no_annotations() -> None:
    def work(a: int, *, b: str = "x") -> None: ...

    assert describe.signature_of(work, "m.work", "") == "work(a, *, b='x')"


def test_rows_keep_what_the_host_accepts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describe, "STANDARD", ["math", "fractions", "no_such_module"])
    monkeypatch.setattr(describe, "LIBRARIES", [])
    monkeypatch.setattr(describe, "CLASSES", ["fractions.Fraction"])
    file = StringIO()

    count = describe.write_rows(file)

    lines = file.getvalue().splitlines()
    names = {json.loads(line)["name"] for line in lines}
    assert {"math", "math.comb", "fractions.Fraction.limit_denominator"} <= names
    assert len(lines) == len(names) == count
    assert all(_documents_index._decoded_line(line.encode()) is not None for line in lines)


@pytest.mark.parametrize("maximum", [1, 2])
def test_rows_are_counted(monkeypatch: pytest.MonkeyPatch, maximum: int) -> None:
    monkeypatch.setattr(describe, "STANDARD", ["math"])
    monkeypatch.setattr(describe, "LIBRARIES", [])
    monkeypatch.setattr(describe, "CLASSES", [])
    monkeypatch.setattr(describe, "MAX_ROWS", maximum)

    assert describe.write_rows(StringIO()) == maximum
