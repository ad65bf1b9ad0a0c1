"""`isorun up`, `down` and `status`: the background engine, from outside."""

import json
import os
import select
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine import BackgroundError, Engine, EngineError, EngineStats, Percentiles, PoolStats, RemoteEngine
from engine._process import start_detached
from engine.background._listener import running

from . import _exit
from ._console import visible_line
from ._errors import Interrupted
from ._outcome import note
from ._serving import Started, be_the_engine, log_file
from ._signals import run_until_signal
from ._standard import write_data
from ._table import table

#: The process imports and proves what it uses before it says that it is ready.
_START_SECONDS = 60.0
#: Ending closes all sandboxes; each of the steps is bounded.
_END_SECONDS = 60.0
_LOOK_SECONDS = 0.02
_MAX_WORDS = 64 * 1024
_POOL_HEADINGS = ("POOL", "READY", "TARGET", "IN USE", "HITS", "MISSES", "WHY", "LEFT")
_PATH_HEADINGS = ("RUNTIME", "PATH", "RUNS", "WAIT p50", "p95", "p99", "TOTAL p50", "p95", "p99 ms")
_CODE = "import sys; from engine.cli._serving import main; main(int(sys.argv[1]))"


class _Seen(NamedTuple):
    """The background engine at this moment."""

    pid: int
    stats: EngineStats


def up(*, as_json: bool) -> int:
    """Start the background engine if there is none, and return the exit code.

    Raises:
        EngineError: It does not start.
    """
    there = running()
    pid = _start() if there is None else there
    if as_json:
        write_data(json.dumps({"pid": pid, "started": there is None, "log": str(log_file())}) + "\n")
    elif there is None:
        note(f"the background engine runs as process {pid}; its log is `{log_file()}`")
    else:
        note(f"the background engine runs already, as process {pid}")
    return _exit.OK


def foreground() -> int:
    """Be the background engine, and return the exit code.

    Raises:
        EngineError: There is one, or it cannot be.
    """
    try:
        be_the_engine(lambda: note(f"the background engine runs as process {os.getpid()}"))
    except Interrupted:
        pass  # this is how it is ended
    return _exit.OK


def down(*, as_json: bool) -> int:
    """End the background engine if there is one, and return the exit code.

    Raises:
        EngineError: It does not end.
    """
    pid = running()
    if pid is not None:
        _ask(RemoteEngine.shutdown)
        _wait_until_gone(pid)
    if as_json:
        write_data(json.dumps({"pid": pid, "ended": pid is not None}) + "\n")
    else:
        note(
            "no background engine runs" if pid is None else f"the background engine, process {pid}, has ended"
        )
    return _exit.OK


def status(*, as_json: bool) -> int:
    """Show what the background engine does, and return the exit code: 4 if there is none.

    Raises:
        BackgroundError: None runs.
    """
    seen = _ask(_seen)
    if as_json:
        fields = {"pid": seen.pid, "log": str(log_file()), **msgspec.to_builtins(seen.stats)}
        write_data(json.dumps(fields) + "\n")
    else:
        write_data("".join(visible_line(line) + "\n" for line in _lines(seen)))
    return _exit.OK


async def _seen(engine: RemoteEngine) -> _Seen:
    return _Seen(engine.pid, await engine.stats())


def _ask[T](question: Callable[[RemoteEngine], Awaitable[T]]) -> T:
    async def asked() -> T:
        async with Engine.connect() as engine:
            return await question(engine)

    return run_until_signal(asked)


def _start() -> int:
    """Start the process and wait for its first word; return its pid."""
    pid, words = start_detached(["-I", "-c", _CODE], env=os.environ)
    try:
        data = _first_words(words)
    finally:
        os.close(words)
    try:
        started = msgspec.json.decode(data, type=Started)
    except msgspec.DecodeError:
        hint = f"its log is `{log_file()}`; `isorun up --foreground` shows what it says"
        raise BackgroundError(f"the background engine, process {pid}, did not start", hint=hint) from None
    if started.error:
        raise BackgroundError(f"the background engine did not start: {started.error}", hint=started.hint)
    return started.pid


def _first_words(descriptor: int) -> bytes:
    """Return what the process says until it closes its end."""
    data = b""
    deadline = time.monotonic() + _START_SECONDS
    while len(data) < _MAX_WORDS:
        ready, _, _ = select.select([descriptor], [], [], max(deadline - time.monotonic(), 0))
        part = os.read(descriptor, _MAX_WORDS) if ready else b""
        if not part:
            break
        data += part
    return data


def _wait_until_gone(pid: int) -> None:
    """Wait until another engine could be started."""
    deadline = time.monotonic() + _END_SECONDS
    while running() == pid or _is_alive(pid):
        if time.monotonic() > deadline:
            raise EngineError(
                f"the background engine, process {pid}, has not ended within {_END_SECONDS:g} s"
            )
        time.sleep(_LOOK_SECONDS)


def _is_alive(pid: int) -> bool:
    """Whether a process is there; one that nobody has reaped is not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def _lines(seen: _Seen) -> list[str]:
    stats = seen.stats
    admission = stats.admission
    lines = [
        f"background engine: process {seen.pid}",
        f"programs: {admission.running} of {admission.max_running} running, {admission.waiting} waiting, "
        f"{admission.memory_mib} of {admission.budget_mib} MiB",
        f"finished: {_counts(stats.finished)}; {stats.failed} failed",
        f"refused: {_counts(admission.refused)}",
    ]
    if stats.pools:
        lines += ["", *table([_POOL_HEADINGS, *map(_pool_row, stats.pools)])]
    if stats.paths:
        rows = [
            (path.runtime, path.path, str(path.count), *_times(path.wait_ms), *_times(path.total_ms))
            for path in stats.paths
        ]
        lines += ["", *table([_PATH_HEADINGS, *rows])]
    failing = [pool for pool in stats.pools if pool.refill_error]
    lines += [
        f"{pool.name}: {pool.refill_failures} starts failed, the last: {pool.refill_error}"
        for pool in failing
    ]
    return lines


def _pool_row(pool: PoolStats) -> tuple[str, ...]:
    in_use = pool.leased + pool.starting
    numbers = (pool.idle, pool.target, in_use, pool.warm, sum(pool.misses.values()))
    return pool.name, *map(str, numbers), _counts(pool.misses), _counts(pool.left)


def _counts[Name: str](counts: Mapping[Name, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "none"


def _times(found: Percentiles) -> tuple[str, ...]:
    return f"{found.p50:.1f}", f"{found.p95:.1f}", f"{found.p99:.1f}"
