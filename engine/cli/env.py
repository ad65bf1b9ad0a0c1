"""List, add and remove guest environments.

An environment is an interpreter with a fixed set of packages, built once and then used offline.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path


def configure(parser: ArgumentParser) -> None:
    """Add the commands below `isorun env`."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = commands.add_parser("list", help="list the environments, usable or not")
    listing.add_argument("--json", action="store_true", help="print a JSON list")
    _configure_add(commands.add_parser("add", help="build an environment of your own, or build it anew"))
    remove = commands.add_parser("remove", help="delete an environment of your own")
    remove.add_argument("name", metavar="NAME", help="name of the environment")


def _configure_add(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="name to give it: lower-case letters, digits and `-`")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--requirements", metavar="FILE", type=Path, help="requirements file; it is locked with hashes first"
    )
    source.add_argument(
        "--wheels", metavar="FOLDER", type=Path, help="folder of wheels, installed without a package index"
    )


def run(arguments: Namespace) -> int:
    """Do what was asked for."""
    # Late: environments need msgspec, and `isorun --help` must not load it.
    from ._environments import add, remove, show

    match arguments.action:
        case "list":
            show(as_json=arguments.json)
        case "add":
            add(arguments.name, requirements=arguments.requirements, wheels=arguments.wheels)
        case _:
            remove(arguments.name)
    return 0
