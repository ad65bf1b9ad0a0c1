"""The first error of a compiler, as data."""

import pytest

from runtimes.wasm._diagnostics import first_error

CLANG = """main.c:2:5: warning: unused variable 'x' [-Wunused-variable]
    2 | int x;
main.c:4:14: error: expected expression
    4 |   return 1 + ;
      |              ^
main.c:9:1: error: another one
2 errors generated.
"""
RUSTC = """warning: unused variable: `x`
 --> main.rs:1:1
error[E0425]: cannot find value `y` in this scope
 --> main.rs:3:20
  |
3 |     println!("{}", y);
"""


@pytest.mark.parametrize(
    ("text", "source", "message", "line"),
    [
        (CLANG, "main.c", "expected expression", 4),
        (RUSTC, "main.rs", "cannot find value `y` in this scope", 3),
        ("main.c:1:10: fatal error: 'x.h' file not found\n", "main.c", "'x.h' file not found", 1),
        ("other.h:7:1: error: unknown type name 'a'\n", "main.c", "unknown type name 'a'", None),
        (
            "wasm-ld: error: lib.a(x.o): undefined symbol: main\n",
            "main.c",
            "lib.a(x.o): undefined symbol: main",
            None,
        ),
        ("error: not a valid module: bad\n", "main.wasm", "not a valid module: bad", None),
        ("error: linking failed\n\n", "main.rs", "linking failed", None),
    ],
)
def test_first_error_is_found(text: str, source: str, message: str, line: int | None) -> None:
    error = first_error(text, source)

    assert error is not None
    assert (error.type, error.message, error.line, error.traceback) == ("CompileError", message, line, text)


@pytest.mark.parametrize("text", ["", "main.c:1:1: warning: nothing\n", "note: error-free\n"])
def test_no_error_is_none(text: str) -> None:
    assert first_error(text, "main.c") is None


def test_message_is_cut() -> None:
    error = first_error(f"error: {'x' * 9000}\n", "main.c")

    assert error is not None
    assert len(error.message) == 2000
