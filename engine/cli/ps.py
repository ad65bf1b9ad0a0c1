"""List the runs in progress of all engines of this user.

Every open engine of this user is asked, be it in an `isorun run` or in a program that uses the library.
"""

from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Add the options of `isorun ps`."""
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(arguments: Namespace) -> int:
    """Print the runs."""
    # Late: asking needs msgspec and anyio, and `isorun --help` must not load them.
    from ._in_progress import show

    return show(as_json=arguments.json)
