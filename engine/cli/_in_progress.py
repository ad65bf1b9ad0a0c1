"""`isorun ps` and `isorun kill`: what the engines of this user run at this moment."""

import json
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from engine import EngineError, RunInfo, RunNotFoundError
from engine._control_client import Located, kill_run, list_runs

from . import _exit
from ._console import visible_line
from ._errors import UsageError, print_error
from ._outcome import note
from ._standard import say, write_data
from ._table import table

_HEADINGS = ("ID", "AGE", "LANGUAGE", "RUNTIME", "STATE", "ENGINE")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Outcome(NamedTuple):
    """What came of ending a run.

    Attributes:
        id: Of the run.
        killed: Whether we ended it; without an error it had ended by itself otherwise.
        error: Why it may still be there.
    """

    id: str
    killed: bool
    error: str | None = None


def show(*, as_json: bool) -> int:
    """Print the runs in progress and return the exit code."""
    infos = [run.info for run in _runs()]
    if as_json:
        write_data(json.dumps([msgspec.structs.asdict(info) for info in infos]) + "\n")
    elif infos:
        write_data("".join(visible_line(line) + "\n" for line in table([_HEADINGS, *map(_row, infos)])))
    else:
        say("no runs")
    return _exit.OK


def kill(ids: Sequence[str], *, as_json: bool) -> int:
    """End runs and return the exit code; if an id is unknown or ambiguous, none is ended.

    Raises:
        RunNotFoundError: No run has an id that begins like this.
        UsageError: Several runs have.
    """
    runs = _runs()
    wanted = {run.info.id: run for run in [_find(beginning, runs) for beginning in ids]}
    outcomes = [_kill(run) for run in wanted.values()]
    if as_json:
        write_data(json.dumps([outcome._asdict() for outcome in outcomes]) + "\n")
    else:
        for outcome in outcomes:
            _tell(outcome)
    return _exit.HOST_FAILURE if any(outcome.error for outcome in outcomes) else _exit.OK


def _runs() -> list[Located]:
    listing = list_runs()
    for problem in listing.problems:
        note(problem)
    return listing.runs


def _find(beginning: str, runs: Sequence[Located]) -> Located:
    matches = [run for run in runs if beginning and run.info.id.startswith(beginning)]
    if not matches:
        raise RunNotFoundError(f"there is no run `{beginning}`", hint="`isorun ps` lists the runs")
    if len(matches) > 1:
        names = ", ".join(f"`{run.info.id}`" for run in matches)
        raise UsageError(f"`{beginning}` may be any of {names}", hint="give more of its id")
    return matches[0]


def _kill(run: Located) -> Outcome:
    try:
        return Outcome(run.info.id, kill_run(run))
    except EngineError as error:
        return Outcome(run.info.id, False, str(error))


def _tell(outcome: Outcome) -> None:
    if outcome.error is not None:
        print_error(f"`{outcome.id}` may still run: {outcome.error}")
    elif outcome.killed:
        write_data(outcome.id + "\n")
    else:
        note(f"`{outcome.id}` had ended by itself")


def _row(info: RunInfo) -> tuple[str, ...]:
    runtime = info.runtime or "-"
    return info.id, _age(info.age_seconds), info.language, runtime, info.state, str(info.pid)


def _age(seconds: float) -> str:
    """Write a time with the two units that matter."""
    whole = int(seconds)
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02}m"
    return f"{whole // _DAY}d{whole % _DAY // _HOUR:02}h"
