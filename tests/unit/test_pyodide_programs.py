"""A program on Pyodide ends, speaks and fails as in the native tier."""

import pytest

from tests.support.pyodide_guest import run, value, waiting

pytestmark = pytest.mark.slow


def test_last_expression_is_the_value() -> None:
    assert value("x = 20\nx + 1") == 21


def test_variable_result_is_the_value_when_there_is_no_last_expression() -> None:
    assert value("result = {'a': [1, 2.5, None]}") == {"a": [1, 2.5, None]}


def test_frames_are_started_then_report() -> None:
    ended = run("1")

    assert [frame["kind"] for frame in ended.frames] == ["started", "report"]


def test_traceback_shows_the_frames_of_the_program_alone() -> None:
    ended = run("def fail():\n    1 / 0\nfail()\n")

    assert ended.status == 1
    assert ended.stderr.decode() == (
        "Traceback (most recent call last):\n"
        '  File "/box/tmp/main.py", line 3, in <module>\n    fail()\n    ~~~~^^\n'
        '  File "/box/tmp/main.py", line 2, in fail\n    1 / 0\n    ~~^~~\n'
        "ZeroDivisionError: division by zero\n"
    )
    assert ended.report["error"]["type"] == "ZeroDivisionError"
    assert ended.report["error"]["line"] == 2
    assert ended.report["error"]["traceback"] == ended.stderr.decode()


def test_syntax_error_has_its_line() -> None:
    ended = run("x = 1\ny = = 2\n")

    assert ended.status == 1
    assert ended.report["error"]["type"] == "SyntaxError"
    assert ended.report["error"]["line"] == 2


@pytest.mark.parametrize(
    ("code", "status", "stderr"),
    [
        ("import sys; sys.exit()", 0, b""),
        ("import sys; sys.exit(7)", 7, b""),
        ("import sys; sys.exit(256 + 9)", 9, b""),
        ("raise SystemExit('no more')", 1, b"no more\n"),
        ("exit(3)", 3, b""),
        ("import os; os._exit(5)", 5, b""),
    ],
)
def test_exit_status_is_that_of_the_program(code: str, status: int, stderr: bytes) -> None:
    ended = run(code)

    assert (ended.status, ended.stderr) == (status, stderr)


def test_streams_are_bytes() -> None:
    code = (
        "import sys\ndata = sys.stdin.buffer.read()\nsys.stdout.buffer.write(data)\nsys.stderr.write('end')"
    )

    ended = run(code, stdin=b"\xff\x00\r\n\xfe")

    assert (ended.stdout, ended.stderr) == (b"\xff\x00\r\n\xfe", b"end")


def test_input_reads_a_line() -> None:
    ended = run("print(input('? ') + '!', input())", stdin=b"one\ntwo\n")

    assert ended.stdout == b"? one! two\n"


def test_input_at_the_end_is_an_error_of_the_program() -> None:
    assert run("input()").report["error"]["type"] == "EOFError"


def test_large_output_is_complete() -> None:
    assert len(run("print('x' * 5_000_000)").stdout) == 5_000_001


def test_arguments_environment_and_folder_are_those_of_the_run() -> None:
    code = "import os, sys\n[sys.argv, dict(os.environ), os.getcwd(), __name__, __file__]"

    argv, environment, folder, name, file = value(code, args=["a", "ü"], env={"KEY": "v"})

    assert argv == ["/box/tmp/main.py", "a", "ü"]
    assert environment == {"HOME": "/box/work", "LANG": "C.UTF-8", "KEY": "v"}
    assert (folder, name, file) == ("/box/work", "__main__", "/box/tmp/main.py")


def test_files_are_those_of_the_box() -> None:
    code = "import os\nopen('out.txt', 'w').write(open('in/a.bin', 'rb').read().hex())\nopen('/tmp/t', 'w')\n"

    with waiting() as guest:
        ended = guest.run(code, files={"in/a.bin": b"\x00\xff"})

        assert ended.status == 0, ended.stderr
        assert (guest.box / "work" / "out.txt").read_text() == "00ff"
        assert (guest.box / "tmp" / "t").exists()


def test_exit_handlers_run() -> None:
    assert run("import atexit\natexit.register(print, 'bye')\n1 / 0").stdout == b"bye\n"


def test_missing_module_is_named() -> None:
    error = run("import numpy").report["error"]

    assert (error["type"], error["module"]) == ("ModuleNotFoundError", "numpy")
    assert error["message"] == "No module named 'numpy'"


def test_own_modules_are_not_there() -> None:
    for name in ("program", "report", "pyodide_guest"):
        assert run(f"import {name}").report["error"]["module"] == name
