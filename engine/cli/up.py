"""Start one engine in the background, which every `isorun run` of this user then shares.

Sandboxes wait in it from run to run, so that a program starts in milliseconds. It ends by itself when nobody
has used it for a while (`background.idle-seconds` of the configuration). `isorun down` ends it.
"""

from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Add the options of `isorun up`."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--foreground", action="store_true", help="be the engine, until it ends")
    how.add_argument(
        "--install",
        action="store_true",
        help="write a unit for systemd, so that the engine is there whenever this user is logged in",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(arguments: Namespace) -> int:
    """Start the engine, or be it."""
    # Late: `isorun --help` must not load any of this.
    if arguments.install:
        from ._unit import install

        return install(as_json=arguments.json)
    from ._background import foreground, up

    return foreground() if arguments.foreground else up(as_json=arguments.json)
