"""Measure how well a local model answers when it thinks in programs.

The answers of the items are known; the agent never sees them, and its programs are judged in the sandbox.
"""

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from ._values import seconds, whole


def configure(parser: ArgumentParser) -> None:
    """Add the commands below `isorun bench`."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    command = commands.add_parser("agent", help="measure the means of the agent on the same items")
    _item_options(command)
    _agent_options(command)
    _output_options(command)


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
    # Late: measuring needs msgspec, anyio and the agent, and `isorun --help` must not load them.
    from ._bench_agent import bench_agent

    return bench_agent(arguments)
