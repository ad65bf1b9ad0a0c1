"""A program in each language that containers run, as its own first lines say."""

import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import NamedTuple

import pytest

from engine import Engine, Program
from engine._host import open_host
from runtimes.docker import DockerRuntime
from tests.support.daemons import require_daemon
from tests.support.jails import config

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(120)]
_SECONDS = 100


class Example(NamedTuple):
    """How an example is called, and what it prints.

    Attributes:
        file: Its name.
        language: That it is in.
        stdin: What it is given.
        arguments: Of the program.
        output: A part of what it prints.
    """

    file: str
    language: str
    stdin: str
    arguments: tuple[str, ...]
    output: str


EXAMPLES = (
    Example("pi.py", "python", "", ("100",), "100 digits, ending in 70679"),
    Example("matrix.mjs", "javascript", "2 0 1; 1 3 2; 1 1 4", (), "determinant 18.000 in Node.js"),
    Example("word_count.sh", "bash", "a b b", (), "      2 b\n      1 a\n"),
    Example("stopping.R", "r", "", (), "each mph adds 3.93 ft (R^2 = 0.65)\n"),
    Example("Primes.java", "java", "", ("1000",), "168 primes below 1000, the largest is 997\n"),
    Example("collatz.go", "go", "", ("1000",), "871 takes 178 steps\n"),
    Example("anagrams.rb", "ruby", "google elbow below", (), "below elbow\n"),
    Example("hello.pl", "perl", "", ("Ada",), "Hello, Ada!\n"),
)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(anyio_backend: str) -> AsyncGenerator[Engine]:
    require_daemon()
    settings = config()
    async with open_host(settings) as host:
        async with Engine(settings, runtimes=[DockerRuntime(host)]) as opened:
            yield opened


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example.file))
async def test_example_runs_in_a_container(example: Example, engine: Engine, repository: Path) -> None:
    program = Program(
        code=(repository / "examples" / example.file).read_bytes(),
        language=example.language,
        args=example.arguments,
        stdin=example.stdin.encode(),
    )

    result = await engine.run(program)

    assert result.ok, result.stderr
    assert example.output in result.stdout


def test_command_runs_an_example_and_writes_its_files(repository: Path, tmp_path: Path) -> None:
    require_daemon()
    isorun = str(Path(sys.executable).with_name("isorun"))
    command = [isorun, "run", "--isolation", "docker", "--output", str(tmp_path / "output")]

    subprocess.run([*command, str(repository / "examples" / "stopping.R")], check=True, timeout=_SECONDS)

    lines = (tmp_path / "output" / "stopping.csv").read_text().splitlines()
    assert lines[:2] == ['"speed","distance"', "5,2.1"]
