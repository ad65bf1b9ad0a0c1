"""List, build and delete guest environments.

An environment is an interpreter with a fixed set of packages, built once and then used offline.
"""

from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Add the commands below `isorun env`."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = commands.add_parser("list", help="list the environments, usable or not")
    listing.add_argument("--json", action="store_true", help="print a JSON list")
    _configure_add(commands.add_parser("add", help="build an environment of your own, or build it anew"))
    remove = commands.add_parser("remove", help="delete an environment of your own")
    remove.add_argument("name", metavar="NAME", help="name of the environment")
    commands.add_parser("prune", help="delete builds that no environment uses any more")


def _configure_add(parser: ArgumentParser) -> None:
    parser.description = "Pins every package with its hash, then installs wheels only: no build code runs."
    parser.add_argument("name", metavar="NAME", help="name to give it: lower-case letters, digits and `-`")
    parser.add_argument("--requirements", metavar="FILE", help="requirements file: a specifier per line")
    parser.add_argument(
        "--wheels",
        metavar="FOLDER",
        help="folder of wheels to install from, in place of the package index; "
        "without `--requirements`, everything in it",
    )
    parser.add_argument(
        "--preload",
        metavar="MODULES",
        help="modules to import ahead of programs, separated by commas; those used most come first",
    )


def run(arguments: Namespace) -> int:
    """Do what was asked for."""
    # Late: environments need msgspec, and `isorun --help` must not load it.
    from . import _environments

    match arguments.action:
        case "list":
            _environments.show(as_json=arguments.json)
        case "add":
            _environments.add(
                arguments.name,
                requirements=arguments.requirements,
                wheels=arguments.wheels,
                preload=arguments.preload,
            )
        case "remove":
            _environments.remove(arguments.name)
        case _:
            _environments.prune_builds()
    return 0
