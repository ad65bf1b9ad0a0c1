"""End the background engine that `isorun up` has started, and the programs that run in it."""

from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Add the options of `isorun down`."""
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(arguments: Namespace) -> int:
    """End the engine."""
    # Late: `isorun --help` must not load any of this.
    from ._background import down

    return down(as_json=arguments.json)
