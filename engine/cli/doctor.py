"""Say which isolation works on this machine, why the rest does not, and how to fix it.

Runs the self-test of every runtime. Exits with 0 if at least one works, else with 4. With `--attack` it
tries to get out of every tier, and exits with 0 if everything that it tried was contained, else with 4.
"""

from argparse import ArgumentParser, Namespace

from ._errors import UsageError


def configure(parser: ArgumentParser) -> None:
    """Add the options of `isorun doctor`."""
    parser.add_argument("--attack", action="store_true", help="attack every tier, and say what was contained")
    parser.add_argument(
        "--tier", action="append", default=[], metavar="NAME", help="attack this tier alone; repeatable"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: Namespace) -> int:
    """Examine the machine and print what was found."""
    # Late: both start an engine, and `isorun --help` must not load it.
    if arguments.attack:
        from ._attack import attack

        return attack(as_json=arguments.json, tiers=arguments.tier)
    if arguments.tier:
        raise UsageError("`--tier` is for `--attack`", hint="`isorun doctor` alone examines all tiers")
    from ._examination import examine

    return examine(as_json=arguments.json)
