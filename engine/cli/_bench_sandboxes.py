"""`isorun bench startup` and its siblings, once their arguments are parsed: measure, keep, show."""

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

import msgspec

from engine import ConfigError, Engine, load_config
from engine.bench._floor import Floor
from engine.bench._plan import BENCHES, QUICK, Plan
from engine.bench._record import Line, Machine, encode, gathered
from engine.bench._suite import Surroundings, measure
from engine.bench._workbench import OpenEngine, Workbench

from . import _exit
from ._bench_surroundings import containers, natives, packages, versions
from ._console import visible, visible_json, visible_line
from ._errors import UsageError
from ._signals import run_until_signal
from ._standard import say, write_data


class Keeper:
    """Keeps lines in memory and, where one is given, in a file, each before the next is measured.

    Attributes:
        lines: What was measured so far.
    """

    def __init__(self, file: IO[str] | None) -> None:
        self.lines: list[Line] = []
        self._file = file

    def write(self, line: Line) -> None:
        """Keep a line.

        Raises:
            ConfigError: The file cannot be written.
        """
        self.lines.append(line)
        if self._file is None:
            return
        try:
            self._file.write(encode(line))
            self._file.flush()
        except OSError as error:
            raise ConfigError(f"`{self._file.name}` cannot be written: {error.strerror}") from error


def bench_sandboxes(
    arguments: Namespace, open_engine: OpenEngine = Engine, floor: Floor | None = None
) -> int:
    """Measure, show what was found, and return the exit code."""
    plan = plan_of(arguments)
    with _opened(arguments.output) as file, _opened(arguments.html) as page:
        keeper = Keeper(file)
        try:
            run_until_signal(lambda: _measure(plan, keeper.write, open_engine, floor or Floor()))
        finally:
            _say_what_is_kept(arguments.output, keeper.lines)
        return _show(arguments, keeper.lines, page)


def plan_of(arguments: Namespace) -> Plan:
    """Return what a command line asks for.

    Raises:
        UsageError: It names a peer of a benchmark that has none.
    """
    if arguments.peer and arguments.action not in ("startup", "all"):
        raise UsageError("`--peer` takes part in `startup` and `all` only")
    plan = QUICK if arguments.quick else Plan()
    plan = msgspec.structs.replace(
        plan,
        benches=BENCHES if arguments.action == "all" else (arguments.action,),
        tiers=tuple(dict.fromkeys(arguments.tier)),
        peers=tuple(dict.fromkeys(arguments.peer)),
    )
    return plan.with_runs(arguments.runs)


async def _measure(plan: Plan, write: Callable[[Line], None], open_engine: OpenEngine, floor: Floor) -> None:
    config = load_config()
    bench = Workbench(
        plan=plan,
        config=config,
        write=write,
        say=_progress,
        open_engine=open_engine,
        floor=floor,
        natives=natives(config) if "compute" in plan.benches else {},
        packages=packages(config),
    )
    needs_containers = {"docker", "llm-sandbox"} & set(plan.peers)
    surroundings = Surroundings(versions(config), *([containers()] if needs_containers else []))
    await measure(bench, surroundings)


def _progress(text: str) -> None:
    say(f"note: {visible_line(text)}")


@contextmanager
def _opened(path: str | None) -> Iterator[IO[str] | None]:
    if path is None:
        yield None
        return
    try:
        file = open(path, "w", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"`{path}` cannot be written: {error.strerror}") from error
    with file:
        yield file


def _show(arguments: Namespace, lines: list[Line], page: IO[str] | None) -> int:
    from engine.bench._table import lines as table

    records = gathered(lines)
    if page is not None:
        from engine.bench._html import page as rendered

        page.write(rendered(records))
    if arguments.json:
        write_data(visible_json("".join(map(encode, lines))))
    else:
        write_data(visible("\n".join(table(records)) + "\n"))
    return _exit.OK if records.measurements else _exit.HOST_FAILURE


def _say_what_is_kept(output: str | None, lines: list[Line]) -> None:
    count = sum(not isinstance(line, Machine) for line in lines)
    if output is not None and count:
        say(f"note: {count} lines stand in `{visible_line(output)}`")
