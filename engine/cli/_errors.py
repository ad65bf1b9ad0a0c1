"""How an error looks: `error: message`, then `hint: what to do`; with `--json` one object."""

import signal
from typing import NamedTuple

from . import _exit
from ._console import visible
from ._standard import OutputError, say, write_data


class UsageError(Exception):
    """The command line itself is wrong; `--help` is near."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Interrupted(Exception):  # noqa: N818 (a request, not an error)
    """A signal asked us to stop, and everything that ran is gone."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number


class Report(NamedTuple):
    """What is said about an error, and the exit code."""

    type: str
    message: str
    hint: str
    exit_code: int


def report(error: BaseException, *, as_json: bool) -> int:
    """Print an error and return the exit code. Unknown kinds are bugs and show their traceback."""
    found = describe(error)
    if found is None:
        found = _bug(error)
    if as_json:
        print_json_error(found)
    elif not isinstance(error, Interrupted | KeyboardInterrupt):
        print_error(found.message, found.hint)
    return found.exit_code


def describe(error: BaseException) -> Report | None:
    """Return what to say about an expected error, None for a bug."""
    match error:
        case Interrupted():
            return Report("Interrupted", str(error), "", _exit.of_signal(error.number))
        case KeyboardInterrupt():
            return Report("Interrupted", "stopped by SIGINT", "", _exit.of_signal(signal.SIGINT))
        case UsageError():
            return Report("UsageError", str(error), error.hint, _exit.USAGE)
        case OutputError():
            return Report("OutputError", str(error), "", _exit.HOST_FAILURE)
        case _:
            return _describe_engine_error(error)


def _describe_engine_error(error: BaseException) -> Report | None:
    # Late: usage errors must not pay for msgspec.
    from engine._exceptions import ConfigError, EngineError, PolicyUnsupportedError, RunNotFoundError
    from policies import PolicyError

    match error:
        case ConfigError() | PolicyError() | PolicyUnsupportedError() | RunNotFoundError():
            return Report(type(error).__name__, str(error), error.hint, _exit.USAGE)
        case EngineError():
            return Report(type(error).__name__, str(error), error.hint, _exit.HOST_FAILURE)
        case _:
            return _describe_model_error(error)


def _describe_model_error(error: BaseException) -> Report | None:
    # Late: only what is nothing else is looked at.
    from agent import ModelError
    from agent._transcript import TranscriptError

    if isinstance(error, TranscriptError):
        return Report("TranscriptError", str(error), error.hint, _exit.USAGE)
    if isinstance(error, ModelError):
        return Report("ModelError", str(error), error.hint, _exit.HOST_FAILURE)
    return None


def print_error(message: str, hint: str = "") -> None:
    """Print an error and its hint to stderr."""
    say(f"error: {visible(message)}")
    print_hint(hint)


def print_hint(hint: str | None) -> None:
    """Print each line of a hint to stderr; nothing if there is none."""
    for line in (hint or "").splitlines():
        say(f"hint: {visible(line)}")


def print_json_error(found: Report) -> None:
    """Print the one JSON object of a command that failed."""
    import json  # late: most calls succeed, and this is on the way of every `--help`

    data = {"type": found.type, "message": found.message, "hint": found.hint}
    try:
        write_data(json.dumps({"error": data}) + "\n")
    except (BrokenPipeError, OutputError):
        print_error(found.message, found.hint)


def _bug(error: BaseException) -> Report:
    import traceback  # late: most calls succeed

    text = "".join(traceback.format_exception(error))
    say(visible(text).rstrip("\n"))
    hint = "this is a bug in isorun; please report it with the traceback"
    return Report(
        type(error).__name__, f"unexpected {type(error).__name__}: {error}", hint, _exit.HOST_FAILURE
    )
