"""Show what the background engine does: programs, waiting sandboxes, hits and misses, times."""

from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Add the options of `isorun status`."""
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(arguments: Namespace) -> int:
    """Show the numbers."""
    # Late: `isorun --help` must not load any of this.
    from ._background import status

    return status(as_json=arguments.json)
