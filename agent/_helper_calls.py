"""Calls of the helper library that a program recorded, and whether their answers hold.

A program can write into that record whatever it likes. So it is data for a second run, in a sandbox of its
own, of a program without a byte of the first: the solutions are put back into the constraints there, and
compared with those of other methods. A forged record proves a true statement about its own numbers at best.
"""

import math
import re
from functools import cache
from importlib.resources import files

import msgspec

from engine import Artifact, File, Program, Result

from ._helpers import guest_files
from ._steps import Check

#: As `agent/guest/solvers/_record.py` writes it.
CALLS_FILE = ".isorun-calls.jsonl"
_MAX_CALLS = 20
_MAX_LINE = 64 * 1024
_MAX_NUMBER = 10**15
_MAX_DETAIL = 300
_PACKAGE = "isorun_check"
_CODE = f"from {_PACKAGE}.check_calls import check_file\nresult = check_file('calls.json')\n"
_NUMBER = re.compile(r"[-\u2212]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
_TRUTHS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}


class Call(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call as the library recorded it, or as a program forged it.

    Attributes:
        arguments: JSON that nobody has looked into.
        value: The number that the call returned.
        solution: JSON that nobody has looked into.
    """

    function: str
    arguments: msgspec.Raw
    value: bool | int | float
    solution: msgspec.Raw = msgspec.Raw(b"null")


class _Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the checking program says of a call; None where it could not tell."""

    feasible: bool | None = None
    optimal: bool | None = None
    smaller: bool | None = None
    detail: str = ""


_DECODER = msgspec.json.Decoder(Call)


def recorded_calls(files: tuple[Artifact, ...]) -> tuple[Call, ...]:
    """Return the calls among what a program left; lines that are none are dropped."""
    data = next((file.data for file in files if file.name == CALLS_FILE and file.skipped is None), b"")
    lines = data[: _MAX_CALLS * _MAX_LINE].splitlines()
    calls = [call for line in lines[:_MAX_CALLS] if (call := _decoded(line)) is not None]
    return tuple(calls)


def _decoded(line: bytes) -> Call | None:
    if len(line) > _MAX_LINE:
        return None
    try:
        call = _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    is_sane = call.function.isidentifier() and len(call.function) < 64 and abs(call.value) < _MAX_NUMBER
    return call if is_sane else None


def check_program(calls: tuple[Call, ...]) -> Program:
    """Return the program that checks calls; its value is for `checks_of`."""
    data = File(name="calls.json", data=msgspec.json.encode(calls), read_only=True)
    return Program(code=_CODE, files=(*_check_files(), data), environment="data")


def checks_of(result: Result, calls: tuple[Call, ...], answer: str = "") -> tuple[Check, ...]:
    """Return what the checking program has found.

    Args:
        result: Of running `check_program(calls)`.
        calls: The calls.
        answer: What is to be verified. A check is strong only if a call has this as its value, with a
            solution that satisfies all constraints and that a different method could not better.
    """
    if not calls:
        return ()
    verdicts = _verdicts(result, len(calls))
    if verdicts is None:
        return (Check(name="constraints", passed=None, detail=f"the check ended with `{result.status}`"),)
    pairs = list(zip(calls, verdicts, strict=True))
    told = [pair for pair in pairs if _same(pair[0].value, answer)] or pairs
    return tuple(check for check in (_constraints(pairs, told, answer), _smaller(told)) if check is not None)


@cache
def _check_files() -> tuple[File, ...]:
    folder = files("agent").joinpath("guest")
    sources = {"check_calls.py": folder.joinpath("check_calls.py").read_bytes(), "__init__.py": b""}
    for item in folder.joinpath("checkers").iterdir():
        if item.name.endswith(".py"):
            sources[f"checkers/{item.name}"] = item.read_bytes()
    own = [
        File(name=f"{_PACKAGE}/{name}", data=data, read_only=True) for name, data in sorted(sources.items())
    ]
    solvers = [File(name=f"{_PACKAGE}/{file.name}", data=file.data, read_only=True) for file in guest_files()]
    return (*own, *solvers)


def _verdicts(result: Result, count: int) -> list[_Verdict] | None:
    if not result.ok:
        return None
    try:
        verdicts = msgspec.convert(result.value, list[_Verdict], strict=True)
    except msgspec.ValidationError:
        return None
    return verdicts if len(verdicts) == count else None


def _constraints(pairs: list[tuple[Call, _Verdict]], told: list[tuple[Call, _Verdict]], answer: str) -> Check:
    wrong = [pair for pair in pairs if pair[1].feasible is False or pair[1].optimal is False]
    if wrong:
        return Check(name="constraints", passed=False, detail=_detail(wrong))
    holds = all(verdict.feasible for _, verdict in told)
    strong = any(v.feasible and v.optimal and _same(call.value, answer) for call, v in told)
    return Check(
        name="constraints", passed=True if holds or strong else None, detail=_detail(told), strong=strong
    )


def _smaller(told: list[tuple[Call, _Verdict]]) -> Check | None:
    known = [verdict.smaller for _, verdict in told if verdict.smaller is not None]
    if not known:
        return None
    return Check(
        name="smaller-case", passed=all(known), detail="the solver and brute force on a part of the data"
    )


def _detail(pairs: list[tuple[Call, _Verdict]]) -> str:
    return "; ".join(f"{call.function}: {verdict.detail}" for call, verdict in pairs)[:_MAX_DETAIL]


def _same(value: float, answer: str) -> bool:
    """Whether the last number of an answer, or its word for true or false, is that value."""
    text = answer.strip()[-2_000:]
    truth = _TRUTHS.get(text.lower().rstrip("."))
    found = _NUMBER.findall(text)
    if isinstance(value, bool):
        return truth is not None and truth == value
    if not found:
        return False
    number = float(found[-1].replace(",", "").replace("\u2212", "-"))
    # Half a unit of the second decimal place, for answers that were rounded for people.
    tolerance = 0.0 if isinstance(value, int) and number.is_integer() else 0.005
    return math.isclose(number, value, rel_tol=1e-9, abs_tol=tolerance)
