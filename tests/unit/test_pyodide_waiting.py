"""Time in a program on Pyodide: sleeping, coroutines, what cannot be had, and what outlives the end."""

import pytest

from tests.support.pyodide_guest import run, value

pytestmark = pytest.mark.slow


def test_sleep_blocks() -> None:
    code = "import time\nstart = time.monotonic()\ntime.sleep(0.2)\ntime.monotonic() - start"

    assert value(code) >= 0.19


def test_coroutines_run_side_by_side() -> None:
    code = """
import asyncio, time
async def wait(number):
    await asyncio.sleep(0.2)
    return number
async def main():
    return await asyncio.gather(*(wait(number) for number in range(5)))
start = time.monotonic()
[asyncio.run(main()), time.monotonic() - start < 0.8]
"""

    assert value(code) == [[0, 1, 2, 3, 4], True]


def test_error_in_a_coroutine_is_that_of_the_program() -> None:
    ended = run("import asyncio\nasync def main():\n    raise KeyError('k')\nasyncio.run(main())\n")

    assert (ended.status, ended.report["error"]["type"], ended.report["error"]["line"]) == (1, "KeyError", 3)


def test_await_at_the_top_is_a_syntax_error_as_elsewhere() -> None:
    assert run("import asyncio\nawait asyncio.sleep(0)").report["error"]["type"] == "SyntaxError"


def test_task_that_outlives_the_run_prints_nothing() -> None:
    code = """
import asyncio
async def late():
    await asyncio.sleep(0.05)
    print("late")
async def main():
    asyncio.get_running_loop().create_task(late())
asyncio.run(main())
print("end")
"""

    assert run(code).stdout == b"end\n"


def test_thread_is_refused_with_an_error() -> None:
    error = run("import threading\nthreading.Thread(target=print).start()").report["error"]

    assert (error["type"], error["message"]) == ("RuntimeError", "can't start new thread")


def test_process_is_refused_with_an_error() -> None:
    error = run("import subprocess\nsubprocess.run(['ls'])").report["error"]

    assert error["type"] == "OSError"
    assert "does not support processes" in error["message"]


def test_endless_recursion_is_an_error_of_the_program() -> None:
    assert run("def f():\n    f()\nf()").report["error"]["type"] == "RecursionError"


def test_memory_can_grow() -> None:
    assert value("len([bytes(1000) for _ in range(100_000)])") == 100_000
