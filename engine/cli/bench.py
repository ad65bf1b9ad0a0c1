"""Measure what sandboxes cost on this machine, and how well a local model answers with programs.

What isorun measures of itself is a ratio to a floor that takes turns with it: the bare interpreter.
"""

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from ._values import seconds, whole

_SANDBOXES = {
    "startup": "from the request to the first byte and the result, by each way to a sandbox",
    "throughput": "programs a second of 1, 2 and 8 clients",
    "density": "memory of a waiting and of a running sandbox",
    "compute": "computations in a sandbox and without one",
    "all": "all four of them",
}


def configure(parser: ArgumentParser) -> None:
    """Add the commands below `isorun bench`."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, summary in _SANDBOXES.items():
        _sandbox_options(commands.add_parser(name, help=summary))
    _compare_options(
        commands.add_parser("compare", help="say what changed between two files, and what is noise")
    )
    _report_options(commands.add_parser("report", help="show a file again, as a table or a page"))
    command = commands.add_parser("agent", help="measure the means of the agent on the same items")
    _item_options(command)
    _agent_options(command)
    _output_options(command)


def _sandbox_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--tier", action="append", default=[], metavar="NAME", help="only this runtime; repeatable"
    )
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="NAME",
        help="what you would take instead, with `startup`: `subprocess`, `bwrap`, `docker`, `jupyter`, "
        "`llm-sandbox`, `eryx`, `monty` or `microsandbox`; repeatable",
    )
    parser.add_argument("--runs", type=_count, metavar="N", help="at most so many of everything")
    parser.add_argument("--quick", action="store_true", help="few runs: all together in less than a minute")
    parser.add_argument("--output", metavar="FILE", help="keep each measurement as a line of JSON")
    parser.add_argument("--html", metavar="FILE", help="write a page with plots")
    parser.add_argument("--json", action="store_true", help="print the lines of JSON instead of a table")


def _compare_options(parser: ArgumentParser) -> None:
    parser.add_argument("before", metavar="BEFORE", help="a file of `--output`")
    parser.add_argument("after", metavar="AFTER", help="another one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _report_options(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a file of `--output`")
    parser.add_argument("--html", metavar="FILE", help="write a page with plots instead of a table")


def _item_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("items")
    group.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="FOLDER",
        help="a set, which has an `items.jsonl`, or a folder of sets; repeatable",
    )
    group.add_argument(
        "--set", action="append", default=[], metavar="NAME", help="only this set of `--data`; repeatable"
    )
    group.add_argument(
        "--generate", choices=["nphard"], help="make items anew, which no model can know by heart"
    )
    group.add_argument(
        "--count", type=_count, default=40, metavar="N", help="how many items to make; default: 40"
    )
    group.add_argument(
        "--limit",
        type=_count,
        metavar="N",
        help="at most so many items of each set; a larger number takes the same and more",
    )
    group.add_argument("--language", metavar="L", help="only items about programs in this language")


def _agent_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("agent")
    group.add_argument(
        "--arm",
        action="append",
        default=[],
        metavar="NAME",
        help="`text`, `code`, `lint`, `repair`, `vote` or `full`; repeatable; default: all",
    )
    group.add_argument(
        "--model", metavar="NAME", help="model to measure (see `isorun model list`); default: the agent's own"
    )
    group.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="of the model's first sample, and of `--generate`; default: 0",
    )
    group.add_argument(
        "--parallel",
        type=whole(1, 64),
        default=1,
        metavar="N",
        help="items answered side by side: all of them sooner, each of them later; default: 1",
    )
    group.add_argument(
        "--budget-seconds", type=seconds, metavar="S", help="wall time for each item and arm; default: 300"
    )
    group.add_argument(
        "--budget-tokens", type=_count, metavar="N", help="new tokens for each item and arm; default: 6000"
    )


def _output_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "--output",
        metavar="FILE",
        help="file to keep a line of JSON per measurement in; one that is there is gone on with",
    )
    group.add_argument("--report", metavar="FILE", help="print what such a file says, and measure nothing")
    form = group.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument("--markdown", action="store_true", help="print the tables as Markdown")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text)):
        raise ArgumentTypeError(f"`{text}` is not a number from 1 on")
    return int(text)


def run(arguments: Namespace) -> int:
    """Measure, or report what was measured."""
    # Late: measuring needs msgspec, anyio and more, and `isorun --help` must not load them.
    match arguments.action:
        case "agent":
            from ._bench_agent import bench_agent

            return bench_agent(arguments)
        case "compare":
            from pathlib import Path

            from ._bench_compare import compare

            return compare(Path(arguments.before), Path(arguments.after), as_json=arguments.json)
        case "report":
            from pathlib import Path

            from ._bench_compare import report

            html = None if arguments.html is None else Path(arguments.html)
            return report(Path(arguments.file), html)
        case _:
            from ._bench_sandboxes import bench_sandboxes

            return bench_sandboxes(arguments)
