"""The table of attacks in the documents is that of the programs, and no class of attacks is forgotten."""

import pytest

from tests.support.attack_table import (
    BEGIN,
    END,
    PAGE,
    Program,
    marked_tests,
    missing,
    own_programs,
    programs,
    replaced,
    table,
)
from tests.support.checklist import CONCERNS, ROWS


def test_table_of_the_page_is_current() -> None:
    page = PAGE.read_text("utf-8")

    assert replaced(page) == page, "run `scripts/attack-table`"


def test_every_program_is_in_the_table() -> None:
    text = table()

    assert len(own_programs()) > 200
    assert [one.name for one in own_programs() if one.name not in text] == []


def test_every_class_has_a_program_or_a_test_for_each_tier_that_it_concerns() -> None:
    assert missing(programs(), marked_tests()) == {}


def test_class_without_a_program_for_a_tier_is_missing() -> None:
    def forget(program: Program) -> Program:
        return program._replace(rows=tuple(row for row in program.rows if row != 24))

    without = [forget(one) if one.tier == "wasm" else one for one in programs()]
    tests = [forget(one) for one in marked_tests()]

    assert missing(without, tests) == {24: ("wasm",)}
    assert missing(without, [Program("a test", "", (24,)), *tests]) == {}


def test_rows_of_programs_and_tests_are_in_the_checklist() -> None:
    rows = {row for one in (*programs(), *marked_tests()) for row in one.rows}

    assert rows <= set(ROWS)
    assert set(CONCERNS) <= set(ROWS)


def test_rest_of_the_page_stays() -> None:
    page = f"before\n{BEGIN}\nwas here\n{END}\nafter\n"

    new = replaced(page)

    assert new.startswith(f"before\n{BEGIN}\n")
    assert new.endswith(f"\n{END}\nafter\n")
    assert "was here" not in new
    assert replaced(new) == new


@pytest.mark.parametrize("page", ["", f"{BEGIN} only", f"{END} only"])
def test_page_without_markers_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="no `<!-- attacks -->`"):
        replaced(page)
