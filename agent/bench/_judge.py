"""Hidden tests, run against a program in the sandbox.

A program that only exits with 0 proves nothing: after the tests stands a value that nobody can guess, and it
has to come out as the value of the run. Results of `io` items are compared here, so that the program never
meets what is expected. A program that reads its own source while it runs could still deceive.
"""

import ast
import re
import secrets
from collections.abc import Sequence
from typing import TypeGuard

import msgspec

import policies
from engine import Engine, Program, Result
from policies import Policy

from ._items import Item, language_of
from ._scoring import is_right
from ._tasks import hidden_tests

# The longest function of any set has a few kB; what a model repeats without end is not run.
MAX_PROGRAM_CHARACTERS = 20_000
# In relation to the result: other orders of summation differ by less.
_CLOSE = 1e-6
_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_DECLARATION = re.compile(r"\b(?:const|let|var|function)\s+(\w+)")


class Judge:
    """Says whether answers are right; programs run in the engine it is given, which has to be open."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._policy = test_policy()

    async def __call__(self, item: Item, answer: str) -> bool:
        """Whether the answer is right.

        Raises:
            EngineError: The sandbox failed, not the program.
        """
        if item.answer_type not in ("tests", "io"):
            return is_right(item, answer)
        program = program_of(answer)
        if not program.strip() or len(program) > MAX_PROGRAM_CHARACTERS:
            return False
        nonce = secrets.token_hex(16)
        code = (
            _tests_code(item, program, nonce)
            if item.answer_type == "tests"
            else _io_code(item, program, nonce)
        )
        result = await self._engine.run(Program(code=code, language=language_of(item)), self._policy)
        return passed(item, result, nonce)


def passed(item: Item, result: Result, nonce: str) -> bool:
    """Whether the run came to the end of its tests and nothing failed."""
    if not result.ok or result.exit_code != 0:
        return False
    if item.answer_type == "io":
        return _is_expected(item, result.value, nonce)
    failed = language_of(item) == "javascript" and "Assertion failed" in result.stderr
    return result.value == nonce and not failed


def test_policy() -> Policy:
    """Return the limits of a test run: those of snippets, with time for tests and memory for any runtime."""
    policy = policies.load("quick")
    limits = msgspec.structs.replace(
        policy.limits, wall_seconds=10.0, cpu_seconds=10.0, memory_mib=512, pids=64
    )
    return msgspec.structs.replace(policy, limits=limits)


def program_of(answer: str) -> str:
    """Return the last fenced block of an answer, or all of it if it has none."""
    blocks = _FENCE.findall(answer)
    return str(blocks[-1]) if blocks else answer


def _tests_code(item: Item, program: str, nonce: str) -> str:
    if language_of(item) == "javascript":
        # `console.assert` goes on after a failure, and a program could have replaced it.
        assertion = f"assert_{nonce}"
        tests = hidden_tests(item).replace("console.assert(", f"{assertion}(")
        throws = f'const {assertion} = (held) => {{ if (!held) throw new Error("a test failed") }}'
        return f'{_with_head(item, program)}\n{throws}\n{tests}\n;"{nonce}"\n'
    return f'{_with_head(item, program)}\n\n{hidden_tests(item)}\nresult = "{nonce}"\n'


def _with_head(item: Item, program: str) -> str:
    """Put the head of the function before a program that needs it.

    In Python it stands before a whole program too: it brings the imports and helpers that the description
    takes for granted, and a second definition replaces the first.
    """
    if not item.prompt or program.startswith(item.prompt.strip()):
        return program
    if language_of(item) != "python":
        return program if _declares(program, _declared(item)) else item.prompt + program
    if not _parses(program):
        return item.prompt + program if _parses(item.prompt + program) else program
    is_apart = "__future__" in program or not _parses(item.prompt)
    return program if is_apart else f"{item.prompt}\n\n{program}"


def _declared(item: Item) -> str:
    """Return the name of the function that the head of a JavaScript item begins."""
    names = _DECLARATION.findall(item.prompt)
    return item.entry_point or (str(names[-1]) if names else "")


def _declares(program: str, name: str) -> bool:
    return name in _DECLARATION.findall(program)


def _parses(code: str) -> bool:
    try:
        ast.parse(code[:MAX_PROGRAM_CHARACTERS])
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def _io_code(item: Item, program: str, nonce: str) -> str:
    arguments = msgspec.json.encode([_arguments(pair[0]) for pair in item.io_tests]).decode()
    return _IO_END.format(program=program, arguments=arguments, name=item.entry_point, nonce=nonce)


_IO_END = """{program}


def _listed_(value):
    if isinstance(value, (str, int, float, bool, dict)) or value is None:
        return value
    return [_listed_(part) for part in value]


import json as _json_
result = ["{nonce}", [_listed_({name}(*given)) for given in _json_.loads({arguments!r})]]
"""


def _arguments(given: object) -> Sequence[object]:
    return given if isinstance(given, list) else [given]


def _is_expected(item: Item, value: object, nonce: str) -> bool:
    if not (isinstance(value, list) and len(value) == 2 and value[0] == nonce and isinstance(value[1], list)):
        return False
    found = value[1]
    if len(found) != len(item.io_tests):
        return False
    pairs = zip(found, item.io_tests, strict=True)
    return all(_equal(one, wanted, _tolerance(item, given)) for one, (given, wanted) in pairs)


def _tolerance(item: Item, given: object) -> float:
    """By the rule of the set, a square root may be off by its second argument."""
    arguments = _arguments(given)
    if item.entry_point == "sqrt" and len(arguments) == 2 and isinstance(arguments[1], int | float):
        return float(arguments[1])
    return 0.0


def _equal(found: object, wanted: object, tolerance: float) -> bool:
    """Compare as deep as what is wanted goes, whatever the program has given."""
    if isinstance(found, list) and isinstance(wanted, list):
        if len(found) != len(wanted):
            return False
        return all(_equal(one, two, tolerance) for one, two in zip(found, wanted, strict=True))
    if _is_number(found) and _is_number(wanted) and (tolerance or float in (type(found), type(wanted))):
        return _is_close(found, wanted, tolerance)
    return type(found) is type(wanted) and found == wanted


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_close(found: float, wanted: float, tolerance: float) -> bool:
    try:
        return abs(found - wanted) <= max(tolerance, _CLOSE * max(1.0, abs(wanted)))
    except OverflowError:  # an integer that no float can hold
        return False
