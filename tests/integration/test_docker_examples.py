"""A program in each language that containers run, as its own first lines say."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.daemons import require_daemon

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(120)]
_SECONDS = 100


class Example(NamedTuple):
    """How an example is called, and what it prints.

    Attributes:
        file: Its name.
        options: Of `isorun run`, before `--`.
        arguments: Of the program.
        output: A part of what it prints.
    """

    file: str
    options: tuple[str, ...]
    arguments: tuple[str, ...]
    output: str


EXAMPLES = (
    Example("pi.py", (), ("100",), "100 digits, ending in 70679"),
    Example("matrix.mjs", ("--stdin", "2 0 1; 1 3 2; 1 1 4"), (), "determinant 18.000 in Node.js"),
    Example("word_count.sh", ("--stdin", "a b b"), (), "      2 b\n      1 a\n"),
    Example("stopping.R", (), (), "each mph adds 3.93 ft (R^2 = 0.65)\n"),
    Example("Primes.java", (), ("1000",), "168 primes below 1000, the largest is 997\n"),
    Example("collatz.go", (), ("1000",), "871 takes 178 steps\n"),
    Example("anagrams.rb", ("--stdin", "google elbow below"), (), "below elbow\n"),
    Example("hello.pl", (), ("Ada",), "Hello, Ada!\n"),
)


def isorun(repository: Path, file: str, *options: str, output: Path, arguments: tuple[str, ...] = ()) -> str:
    """Run an example in a container and return what it prints."""
    command = [str(Path(sys.executable).with_name("isorun")), "run", "--isolation", "docker", *options]
    whole = [*command, "--output", str(output), str(repository / "examples" / file), "--", *arguments]
    done = subprocess.run(whole, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example.file))
def test_example_runs_in_a_container(example: Example, repository: Path, tmp_path: Path) -> None:
    require_daemon()

    printed = isorun(
        repository,
        example.file,
        *example.options,
        output=tmp_path / "output",
        arguments=example.arguments,
    )

    assert example.output in printed


def test_output_files_of_a_container_are_written(repository: Path, tmp_path: Path) -> None:
    require_daemon()

    isorun(repository, "stopping.R", output=tmp_path / "output")

    lines = (tmp_path / "output" / "stopping.csv").read_text().splitlines()
    assert lines[:2] == ['"speed","distance"', "5,2.1"]
