"""Fuzz every part for a while: `python -m tests.robustness.fuzz [SECONDS] [--seed N] [--only TEXT]`.

Prints one JSON object: how many inputs each part was given, and what was found. `scripts/fuzz` starts it.
"""

import argparse
import functools
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable

import msgspec

from .targets import TARGETS, Target

#: Tried before the clock is looked at again.
_BATCH = 200


class Fuzzed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one part.

    Attributes:
        name: Of the part.
        inputs: That it was given.
        seconds: For that.
        found: What it did wrong, with the input; empty if nothing.
    """

    name: str
    inputs: int
    seconds: float
    found: str = ""


def fuzz(target: Target, seconds: float, seed: int) -> Fuzzed:
    """Give a part inputs for so long, other ones for each seed."""
    count = 0

    @functools.wraps(target.check)
    def counted(**given: object) -> None:
        nonlocal count
        count += 1
        target.check(**given)

    watched = target._replace(check=counted)
    began = time.monotonic()
    found = ""
    while not found and time.monotonic() - began < seconds:
        found = _failure(watched.long(_BATCH, seed + count))
    return Fuzzed(name=target.name, inputs=count, seconds=round(time.monotonic() - began, 1), found=found)


def _failure(test: Callable[[], None]) -> str:
    try:
        test()
    except Exception as error:  # whatever it is, it is what was looked for
        return "".join(traceback.format_exception(error))
    return ""


def main() -> int:
    """Fuzz what the command line says, and return the exit code: 1 if anything was found."""
    parser = argparse.ArgumentParser(
        description="Give every part that takes bytes of strangers hostile ones."
    )
    parser.add_argument("seconds", nargs="?", type=float, default=60.0, help="for each part")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)), help="of the inputs")
    parser.add_argument("--only", default="", help="parts whose name contains this")
    options = parser.parse_args()
    chosen = [target for target in TARGETS if options.only in target.name]
    results = []
    with tempfile.TemporaryDirectory(prefix="isorun-fuzz-") as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        for target in chosen:
            results.append(fuzz(target, options.seconds, options.seed))
            print(f"{target.name}: {results[-1].inputs:,} inputs", file=sys.stderr, flush=True)
    print(json.dumps({"seed": options.seed, "parts": msgspec.to_builtins(results)}, indent=2))
    return int(any(result.found for result in results) or not results)


if __name__ == "__main__":
    sys.exit(main())
