"""List the images of the Docker tier.

`isorun setup --image NAME` makes them; an image of your own is named in the policy.
"""

from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Add the commands below `isorun image`."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = commands.add_parser("list", help="list the images that there could be, built or not")
    listing.add_argument("--json", action="store_true", help="print a JSON list")


def run(arguments: Namespace) -> int:
    """List them, with what the daemon says about each."""
    # Late: asking the daemon needs a library that takes half a second to load.
    from ._image_list import show

    show(as_json=arguments.json)
    return 0
