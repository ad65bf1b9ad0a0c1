"""Build the guest environments and fetch the tools that runs need.

Builds what is missing and leaves the rest alone: a second call is quick, and an interrupted one is taken
up again. Needs the package index once; everything works offline afterwards.
"""

from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Add the options of `isorun setup`."""
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="environment to build beside `base`, such as `data` with NumPy and pandas; default: none",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list of the environments when done")


def run(arguments: Namespace) -> int:
    """Build, with progress on stderr."""
    # Late: environments need msgspec, and `isorun --help` must not load it.
    from ._environments import build, show

    build(arguments.names)
    if arguments.json:
        show(as_json=True)
    return 0
