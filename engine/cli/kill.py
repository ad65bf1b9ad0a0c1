"""End runs in progress; what they have written so far is their result.

Whoever waits for such a run gets a result with the status `cancelled`. `isorun ps` lists the ids.
"""

from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Add the arguments of `isorun kill`."""
    parser.add_argument(
        "id", metavar="ID", nargs="+", help="id of a run, or as much of its beginning as tells it apart"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list of what was ended")


def run(arguments: Namespace) -> int:
    """End the runs."""
    # Late: asking needs msgspec and anyio, and `isorun --help` must not load them.
    from ._in_progress import kill

    return kill(arguments.id, as_json=arguments.json)
