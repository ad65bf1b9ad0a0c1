"""What is said about programs that WebAssembly cannot run, and about modules that stopped."""

import pytest

from engine import IsolationInfo, Program, Reason, Result, Status
from runtimes.wasm._hints import hint_for

PROGRAM = Program(code="", language="c")


def result(status: Status, reason: Reason, stderr: str = "") -> Result:
    isolation = IsolationInfo(runtime="wasm")
    return Result(status=status, reason=reason, stderr_bytes=stderr.encode(), isolation=isolation)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("error: cannot use 'throw' with exceptions disabled", "exceptions"),
        ("error: no type named 'thread' in namespace 'std'", "threads"),
        ("error: call to undeclared function 'socket'", "sockets"),
        ("error: call to undeclared function 'fork'", "processes"),
        ("error: Setjmp/longjmp support requires Exception handling", "setjmp"),
        ("wasm-ld: error: undefined symbol: main", "main"),
    ],
)
def test_what_webassembly_lacks_is_named(said: str, word: str) -> None:
    hint = hint_for(result(Status.ERROR, Reason.COMPILE_FAILED, said), PROGRAM)

    assert hint is not None
    assert word in hint


def test_other_errors_need_no_advice() -> None:
    said = "main.c:1:1: error: expected identifier"

    assert hint_for(result(Status.ERROR, Reason.COMPILE_FAILED, said), PROGRAM) is None
    assert hint_for(result(Status.OK, Reason.EXIT_ZERO), PROGRAM) is None


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (Reason.STACK_OVERFLOW, "recurse less"),
        (Reason.UNREACHABLE, "abort"),
        (Reason.OUT_OF_BOUNDS, "memory"),
        (Reason.DIVISION_BY_ZERO, "zero"),
        (Reason.BAD_CALL, "function pointer"),
    ],
)
def test_trap_is_explained(reason: Reason, word: str) -> None:
    hint = hint_for(result(Status.CRASHED, reason), PROGRAM)

    assert hint is not None
    assert word in hint


def test_limit_that_was_met_is_named_by_its_key() -> None:
    hint = hint_for(result(Status.MEMORY, Reason.MEMORY_LIMIT), PROGRAM)

    assert hint is not None
    assert "`limits.memory-mib`" in hint
