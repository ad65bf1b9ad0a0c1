"""Small edits of a program: each slip has an edit that undoes it, and nothing else is touched."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.edits import MAX_EDITS, edits_of
from agent.edits import _edits as implementation

#: The program with a slip, and as it should be.
SLIPS = {
    "another parameter": ("return a - a", "return a - b"),
    "another variable that is changed": (
        "x = y = 0\n    x += 1\n    return y",
        "x = y = 0\n    y += 1\n    return y",
    ),
    "strict comparison": ("return a < b", "return a <= b"),
    "comparison of three": ("return 0 <= a <= b", "return 0 <= a < b"),
    "membership": ("return a in b", "return a not in b"),
    "identity": ("return a is not None", "return a is None"),
    "operator": ("return a + b", "return a * b"),
    "operator with room around it": ("return a  +  b", "return a  -  b"),
    "bits": ("a ^= b\n    return a", "a &= b\n    return a"),
    "assignment for addition": ("s = 0\n    s = a\n    return s", "s = 0\n    s += a\n    return s"),
    "addition for assignment": ("s = 0\n    s += a\n    return s", "s = 0\n    s = a\n    return s"),
    "and for or": ("return a and b", "return a or b"),
    "negation": ("return not a", "return a"),
    "missing negation": ("if a:\n        return b", "if not (a):\n        return b"),
    "negation of a filter": ("return [x for x in a if x]", "return [x for x in a if not (x)]"),
    "largest for smallest": ("return max(a)", "return min(a)"),
    "method": ("return a.lower()", "return a.upper()"),
    "number one off": ("return a[:3]", "return a[:4]"),
    "number of elsewhere": ("s = 17\n    return a * 2", "s = 17\n    return a * 17"),
    "truth": ("return True", "return False"),
    "text": ("return ''.join(a)", "return ' '.join(a)"),
    "text of elsewhere": ("s = 'aeiou'\n    return 'x' + a", "s = 'aeiou'\n    return 'aeiou' + a"),
    "sides": ("return a - b", "return b - a"),
    "sides of a sum in a product": ("return (a + b) % 2", "return 2 % (a + b)"),
    "arguments": ("return divmod(b, a)", "return divmod(a, b)"),
    "branches": ("return a if b else 0", "return 0 if b else a"),
    "operand too many": ("return a + b + 1", "return a + b"),
    "condition too many": ("if a and b:\n        return 1", "if a:\n        return 1"),
    "filter too many": ("return [x for x in a if x > 0]", "return [x for x in a]"),
    "begin of a slice": ("return a[b:]", "return a[b + 1:]"),
    "direction of a slice": ("return a[b:]", "return a[b::-1]"),
    "neighbour": ("return a[b]", "return a[b - 1]"),
    "end of a range": ("return range(a)", "return range(a + 1)"),
    "begin of a range": ("return range(a)", "return range(1, a)"),
    "argument too many": ("return sorted(a, reverse=True)", "return sorted(a)"),
    "call too many": ("return abs(a)", "return a"),
    "direction of sorting": ("return sorted(a)", "return sorted(a, reverse=True)"),
    "one condition more": (
        "if a:\n        b = 1\n    if b:\n        return 1",
        "if a:\n        b = 1\n    if b and a:\n        return 1",
    ),
    "condition around it": ("if a:\n        return b\n    return 1", "return b\n    return 1"),
    "too deep": (
        "for x in a:\n        b += x\n        return b",
        "for x in a:\n        b += x\n    return b",
    ),
    "not deep enough": (
        "for x in a:\n        b += x\n    b += 1\n    return b",
        "for x in a:\n        b += x\n        b += 1\n    return b",
    ),
    "sequence": ("a = b\n    b = 1\n    return a", "b = 1\n    a = b\n    return a"),
    "statement too many": ("a += 1\n    return a", "pass\n    return a"),
    "jump": ("for x in a:\n        break", "for x in a:\n        continue"),
    "one off": ("return len(a)", "return (len(a) - 1)"),
}


def function(body: str) -> str:
    return f'def f(a, b):\n    """Say what f does: a < b."""\n    {body}\n'


def programs(source: str) -> list[str]:
    return [edit.program for edit in edits_of(source)]


@pytest.mark.parametrize(("slip", "mended"), SLIPS.values(), ids=SLIPS)
def test_slip_has_an_edit_that_undoes_it(slip: str, mended: str) -> None:
    assert function(mended) in programs(function(slip))


@pytest.mark.parametrize("slip", [slip for slip, _ in SLIPS.values()], ids=SLIPS)
def test_edits_are_other_programs_with_the_same_description(slip: str) -> None:
    source = function(slip)
    found = programs(source)

    assert len(set(found)) == len(found)
    assert source not in found
    assert {program.splitlines()[1] for program in found} == {source.splitlines()[1]}
    assert all(ast.parse(program) for program in found)


def test_only_functions_are_edited() -> None:
    assert edits_of("x = 1 + 2\nassert x < 4\n") == []
    assert {program.splitlines()[0] for program in programs("LIMIT = 1\ndef f(a):\n    return a + 1\n")} == {
        "LIMIT = 1"
    }


def test_methods_and_nested_functions_are_edited() -> None:
    source = "class C:\n    def m(self, a):\n        def g(b):\n            return b < a\n        return g\n"

    assert source.replace("<", "<=") in programs(source)


def test_places_are_those_of_the_text_behind_letters_of_several_bytes() -> None:
    source = "def f(größe):\n    return 'äöü€' + größe if größe < 3 else '😀'\n"

    assert source.replace("<", ">") in programs(source)


def test_edit_says_its_line_for_a_person() -> None:
    (edit,) = [edit for edit in edits_of(function("x = 0\n    return a < b")) if " <= " in edit.program]

    assert edit.said == "line 4: `return a < b` becomes `return a <= b`"


def test_edit_that_moves_a_line_says_so() -> None:
    slip, mended = SLIPS["too deep"]
    (edit,) = [edit for edit in edits_of(function(slip)) if edit.program == function(mended)]

    assert edit.said == "line 5: `return b` stands at another depth"


@pytest.mark.parametrize(
    "text", ["", "def f(:\n", "x = '\0'", "(" * 5_000, "def f():\n    return " + "-" * 30_000 + "1"]
)
def test_what_is_no_program_has_no_edits(text: str) -> None:
    assert edits_of(text) == []


def test_number_of_edits_is_bounded_and_one_below_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    source = function("return a < b")
    number = len(edits_of(source))
    long = function("return " + " + ".join(["a * b"] * 200))

    assert len(edits_of(long)) == MAX_EDITS
    monkeypatch.setattr(implementation, "MAX_EDITS", number)
    assert len(edits_of(source)) == number
    monkeypatch.setattr(implementation, "MAX_EDITS", number - 1)
    assert len(edits_of(source)) == number - 1


def test_longest_program_has_edits_and_a_longer_one_none(monkeypatch: pytest.MonkeyPatch) -> None:
    source = function("return a < b")
    monkeypatch.setattr(implementation, "_MAX_SOURCE", len(source))

    assert edits_of(source)
    assert edits_of(f"{source} ") == []


_EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "b", "1", "'s'", "len(a)", "a[0]", "b.x", "[x for x in a if x]"]),
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from([" + ", " < ", " and ", " if a else ", ", "]), part).map(
            lambda parts: f"({''.join(parts)})"
        ),
        part.map(lambda text: f"max({text}, a)"),
        part.map(lambda text: f"a[{text}:]"),
        part.map(lambda text: f"not {text}"),
        part.map(lambda text: f"(lambda a: {text})"),
        part.map(lambda text: f"f'{{{text}!r}}'" if "'" not in text else text),
    ),
    max_leaves=6,
)


@given(
    _EXPRESSIONS,
    st.sampled_from(["return {}", "a = {}", "if {}:\n        b = a\n    return b", "for a in {}: b += a"]),
)
def test_edits_of_any_function_touch_nothing_around_it(expression: str, statement: str) -> None:
    before, after = "import math  # µ\n", "\n\ndef g():\n    pass\n"
    source = before + function(statement.format(expression)) + after

    for program in programs(source):
        assert program.startswith(before)
        assert program.endswith(after)
