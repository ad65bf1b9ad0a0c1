"""Say which isolation works on this machine, why the rest does not, and how to fix it.

Runs the self-test of every runtime. Exits with 0 if at least one works, else with 4.
"""

from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Add the options of `isorun doctor`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: Namespace) -> int:
    """Examine the machine and print what was found."""
    # Late: the examination starts an engine, and `isorun --help` must not load it.
    from ._examination import examine

    return examine(as_json=arguments.json)
