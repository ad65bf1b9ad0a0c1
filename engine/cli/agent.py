"""Answer a question with a local model that writes programs, runs them here and checks what comes out.

The answer goes to stdout, the steps and the evidence to stderr. `isorun agent show FILE` prints a transcript,
`isorun agent replay FILE` runs its programs again.
"""

from argparse import ArgumentParser, Namespace

from ._errors import UsageError
from ._values import budget, whole


def configure(parser: ArgumentParser) -> None:
    """Add the options of `isorun agent`."""
    parser.usage = "isorun agent [options] (QUESTION | - | --fix FILE | show FILE | replay FILE)"
    parser.add_argument("words", nargs="*", metavar="QUESTION", help="in words; `-` reads standard input")
    _task_options(parser)
    _model_options(parser)
    _means_options(parser)
    _output_options(parser)
    parser.set_defaults(shared=False)


def _task_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("task")
    group.add_argument(
        "--file",
        action="append",
        default=[],
        metavar="PATH[:NAME]",
        help="file that the programs find in their working folder, under NAME if given; repeatable",
    )
    group.add_argument(
        "--fix",
        metavar="FILE",
        help="program to mend; the answer is the mended one, and no QUESTION is needed",
    )
    group.add_argument(
        "--tests",
        metavar="FILE",
        help="statements that fail unless the program is right; the answer is a program that passes them",
    )
    group.add_argument(
        "--lang", metavar="NAME", help="language of the programs, or short `js`, `ts`, `py`; default: by rule"
    )
    group.add_argument("--policy", metavar="NAME|FILE", help="what the programs may use")


def _model_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model",
        metavar="NAME|FILE|URL",
        help="name of `isorun model list`, path of a GGUF file, or endpoint on this machine",
    )
    group.add_argument("--reviewer", metavar="NAME|FILE|URL", help="another model, for `--review`")
    group.add_argument("--pull", action="store_true", help="fetch the model first if it is not here")
    group.add_argument(
        "--context", type=whole(512, 1_048_576), metavar="TOKENS", help="for a question and its answer"
    )
    group.add_argument(
        "--threads", type=whole(0, 1024), metavar="N", help="of the model; default: one per processor"
    )
    group.add_argument(
        "--gpu-layers", type=whole(-1, 10_000), metavar="N", help="layers on a graphics card, -1 for all"
    )


def _means_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("means")
    group.add_argument(
        "--budget",
        type=budget,
        metavar="SECONDS|LIST",
        help="where to stop: seconds, or a list such as `seconds=60,tokens=2000,programs=4`",
    )
    route = group.add_mutually_exclusive_group()
    route.add_argument("--no-code", action="store_true", help="think in text only; nothing is run")
    route.add_argument("--code", action="store_true", help="think in programs, whatever the question is")
    group.add_argument(
        "--samples", type=whole(1, 100), metavar="N", help="programs to compare at most; default: 5"
    )
    group.add_argument("--review", action="store_true", help="ask a model whether the answer is plausible")
    group.add_argument(
        "--seed",
        type=whole(0, 2**32 - 1),
        default=0,
        metavar="N",
        help="of the model's samples; default: 0",
    )


def _output_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "--no-background",
        action="store_true",
        help="run programs in an engine of its own, even if `isorun up` has started one",
    )
    group.add_argument("--transcript", metavar="FILE", help="new file for every step, as lines of JSON")
    group.add_argument("--verbose", action="store_true", help="show what the model writes, and the programs")
    group.add_argument("--json", action="store_true", help="print one JSON object with answer and evidence")


def run(arguments: Namespace) -> int:
    """Answer, show or replay, and return the exit code."""
    # Late: everything below needs msgspec and anyio, which `isorun --help` must not load.
    match arguments.words:
        case ["show", file]:
            from ._agent_show import show

            return show(file)
        case ["replay", file]:
            from ._agent_replay import replay

            return replay(file, arguments)
        case ["show" | "replay" as word]:
            raise UsageError(f"`isorun agent {word}` needs the file of a transcript")
    from ._agent import answer

    return answer(arguments)
