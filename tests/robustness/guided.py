"""Fuzz one part with atheris, which is guided by the lines of ours that an input reaches.

    python -m tests.robustness.guided NAME [options of libFuzzer]

The properties are those of the other fuzzers: bytes of libFuzzer take the place of random choices. Without a
name, the names are printed. `scripts/fuzz --atheris` starts it for each part.
"""

import sys

import atheris  # type: ignore[import-untyped]  # not a dependency: `scripts/fuzz` adds it

with atheris.instrument_imports(["engine", "runtimes", "policies"]):  # pyright: ignore[reportAttributeAccessIssue]
    from .targets import TARGETS


def main() -> None:
    """Fuzz until an option of libFuzzer ends it."""
    if len(sys.argv) < 2:
        print(*(target.name for target in TARGETS), sep="\n")
        return
    [target] = [target for target in TARGETS if target.name == sys.argv[1]]
    fuzzed = target.long(1, 0).hypothesis.fuzz_one_input  # type: ignore[attr-defined]  # set by `given`
    atheris.Setup([sys.argv[0], *sys.argv[2:]], fuzzed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
