"""Run one program in isolation and show what it prints.

The program is a FILE, CODE given with `-c`, or `-` for standard input. Output appears while it runs.
"""

from argparse import ArgumentParser, Namespace

from ._values import mebibytes, seconds


def configure(parser: ArgumentParser) -> None:
    """Add the options of `isorun run`."""
    parser.usage = "isorun run [options] (FILE | -c CODE | -) [-- ARGUMENT ...]"
    _program_options(parser)
    _policy_options(parser)
    _output_options(parser)
    parser.set_defaults(shared=False)


def _program_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("program")
    group.add_argument("file", nargs="?", metavar="FILE", help="source file, or `-` for standard input")
    group.add_argument(
        "-c", dest="code", metavar="CODE", help="source text (Python unless `--lang` is given)"
    )
    group.add_argument(
        "--lang",
        metavar="NAME",
        help="language, or short `js`, `ts`, `py`; default: by file ending, then by `#!` line",
    )
    group.add_argument(
        "--check", action="store_true", help="type-check the program first, and run it only if it passes"
    )
    group.add_argument(
        "--flag",
        action="append",
        default=[],
        metavar="X",
        help="flag for the compiler, such as `--flag=-O3`, as far as the policy allows it; repeatable",
    )
    group.add_argument(
        "--call",
        nargs="+",
        metavar=("NAME", "X"),
        help="call this exported function with these arguments, in place of the program's beginning",
    )
    group.add_argument(
        "--arg",
        action="append",
        default=[],
        metavar="X",
        help="argument for the program; repeatable, as is everything after `--`",
    )
    group.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="environment variable for the program; repeatable",
    )
    group.add_argument(
        "--stdin",
        metavar="TEXT|-",
        help="standard input of the program: this text, or with `-` our own; default: empty",
    )
    group.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="PATH[:NAME]",
        help="file to put into the program's working folder, under NAME if given; repeatable",
    )
    group.add_argument(
        "--env-name",
        metavar="NAME",
        help="guest environment (see `isorun env list`); default: by the imports",
    )


def _policy_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("policy")
    group.add_argument(
        "--policy", metavar="NAME|FILE", help="what the program may use (see `isorun policy list`)"
    )
    group.add_argument("--isolation", metavar="NAME", help="runtime that must be taken (see `isorun doctor`)")
    group.add_argument(
        "--prefer",
        choices=["speed", "isolation"],
        help="which runtime to take if several would do: the lightest, or the strongest",
    )
    group.add_argument(
        "--allow-packages",
        action="store_true",
        help="let JavaScript and TypeScript import the npm packages that `isorun setup --npm` has fetched",
    )
    group.add_argument(
        "--timeout",
        type=seconds,
        metavar="SECONDS",
        help="wall limit; raises the cpu limit to at least the same",
    )
    group.add_argument(
        "--memory", type=mebibytes, metavar="MIB", help="memory limit: MiB as `512` or `512M`, GiB as `2G`"
    )


def _output_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("output and engine")
    group.add_argument(
        "--output", metavar="DIR", help="new or empty folder to write the files to that the program leaves"
    )
    group.add_argument(
        "--force",
        action="store_true",
        help="with `--output`: accept a folder that is not empty and replace files in it",
    )
    group.add_argument(
        "--json", action="store_true", help="print one JSON object with the whole result, nothing else"
    )
    group.add_argument(
        "--no-background",
        action="store_true",
        help="run it in an engine of its own, even if `isorun up` has started one",
    )
    group.add_argument(
        "--explain", action="store_true", help="print why which runtime would be taken, and run nothing"
    )


def run(arguments: Namespace) -> int:
    """Run the program and return the exit code."""
    # Late: everything below needs msgspec and anyio, which `isorun --help` must not load.
    from ._execute import execute

    return execute(arguments)
