"""The parsers of all commands. Imports nothing heavy: `isorun --help` pays for argparse only."""

import argparse
import os
from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import Any, NoReturn, override

from . import agent, bench, doctor, down, env, image, kill, model, policy, ps, run, setup, status, up
from ._errors import UsageError
from ._version import version

#: Command -> its module, in the order of `--help`.
COMMANDS: dict[str, ModuleType] = {
    "run": run,
    "agent": agent,
    "up": up,
    "down": down,
    "status": status,
    "ps": ps,
    "kill": kill,
    "setup": setup,
    "doctor": doctor,
    "policy": policy,
    "env": env,
    "image": image,
    "model": model,
    "bench": bench,
}

# Longer lines are hard to read, and a pipe has no width.
_MAX_COLUMNS = 100


class Parser(argparse.ArgumentParser):
    """Raises `UsageError` instead of printing its own form of error and exiting."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False, formatter_class=_Formatter)

    @override
    def error(self, message: str) -> NoReturn:
        option, _, what = message.removeprefix("argument ").partition(": ")
        if what == "expected one argument":
            name = option.rpartition("/")[2]
            raise UsageError(message, hint=f"a value that begins with `-` is written `{name}=-x`")
        raise UsageError(message, hint=f"`{self.prog} --help` lists what there is")


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Asks the terminal for its width itself: argparse would import `shutil` for that, which takes 5 ms."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns(), max_help_position=26)


def _columns() -> int:
    try:
        return min(os.get_terminal_size(1).columns, _MAX_COLUMNS)
    except OSError:
        return _MAX_COLUMNS


class _ShowVersion(argparse.Action):
    """Looks the version up only when it is asked for."""

    @override
    def __call__(self, parser: argparse.ArgumentParser, *rest: object) -> NoReturn:
        print(f"isorun {version()}")
        parser.exit()


@cache
def build_parser() -> Parser:
    """Return the parser of the whole command line."""
    parser = Parser(
        prog="isorun",
        description="Run generated or untrusted code on this machine, offline, in the lightest isolation\n"
        "that satisfies a policy.",
        epilog="Exit codes: 0 ok, 1 the program failed, 2 usage or configuration, 3 denied or a limit,\n"
        "4 the host failed, 130 and 143 after SIGINT and SIGTERM.",
    )
    parser.add_argument(
        "--version", action=_ShowVersion, nargs=0, help="print the version of isorun and exit"
    )
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        summary = (module.__doc__ or "").partition("\n")[0]
        command = commands.add_parser(
            name, help=summary[:1].lower() + summary[1:].rstrip("."), description=module.__doc__
        )
        command.set_defaults(run=module.run)
        module.configure(command)
    return parser


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; what follows `--` belongs to the program of `isorun run`.

    Raises:
        UsageError: The arguments are not acceptable.
    """
    own, program_arguments = _split(argv)
    arguments = build_parser().parse_args(own)
    if program_arguments:
        if arguments.command != "run":
            raise UsageError(f"`isorun {arguments.command}` takes nothing after `--`")
        arguments.arg = [*arguments.arg, *program_arguments]
    return arguments


def wants_json(argv: Sequence[str]) -> bool:
    """Whether errors have to be JSON too; asked before, and even if, parsing fails."""
    return "--json" in _split(argv)[0]


def _split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    arguments = list(argv)
    if "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]
