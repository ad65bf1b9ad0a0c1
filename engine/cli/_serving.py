"""The process of the background engine: one engine, one socket, until it is told to end or not needed."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path

import anyio
import msgspec

from engine import Engine, EngineConfig, EngineError, Program, RuntimeUnavailableError, load_config
from engine.background._listener import listening
from engine.background._service import Activity, serve
from policies import PolicyError

from ._attend import Attendant
from ._signals import run_until_signal

#: A log is for the last days of one user.
_LOG_BYTES, _LOG_FILES = 1 << 20, 3
#: Most programs are in this language: its sandboxes wait before the first one comes.
_WARM_LANGUAGE = "python"

_log = logging.getLogger("isorun.background")


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """The first word of the process to whoever started it.

    Attributes:
        pid: Of the process; 0 if it does not serve.
        error: Why it does not.
        hint: What to do about that.
    """

    pid: int
    error: str = ""
    hint: str = ""


def main(descriptor: int) -> None:
    """Be the background engine; say on a descriptor that it is ready, or why it never will be.

    For a process of its own, which `isorun up` starts.
    """
    try:
        be_the_engine(lambda: _tell(descriptor, Started(pid=os.getpid())))
    except (EngineError, PolicyError) as error:
        _tell(descriptor, Started(pid=0, error=str(error), hint=error.hint))


def be_the_engine(on_ready: Callable[[], None]) -> None:
    """Serve this user's commands until told to end, by a signal or by `isorun down`, or nobody needs it.

    Raises:
        EngineError: Another one does already, or there is no place for its socket.
        Interrupted: A signal came.
    """
    config = load_config()
    with _logging_to(log_file()):
        try:
            run_until_signal(lambda: _serve(config, on_ready))
        except Exception:
            _log.exception("the background engine has ended")
            raise
        _log.info("ended")


def log_file() -> Path:
    """Return where the background engine writes its log.

    `$XDG_STATE_HOME/isorun/background.log`, or the same below `~/.local/state`; for root below `/var/log`.
    """
    base = os.environ.get("XDG_STATE_HOME")
    if base:
        folder = Path(base)
    else:
        folder = Path("/var/log") if os.geteuid() == 0 else Path.home() / ".local" / "state"
    return folder / "isorun" / "background.log"


async def _serve(config: EngineConfig, on_ready: Callable[[], None]) -> None:
    """Serve until it is told to end, or is not needed.

    Raises:
        RuntimeUnavailableError: It can run nothing any more, which is of use to nobody.
    """
    lost = anyio.Event()
    with listening() as listener:
        async with Engine(config) as engine, anyio.create_task_group() as tasks:
            end, activity = tasks.cancel_scope.cancel, Activity()
            attend = Attendant(engine, config)
            tasks.start_soon(
                partial(serve, listener, engine, command=attend, on_shutdown=end, activity=activity)
            )
            tasks.start_soon(_warm_up, engine)
            tasks.start_soon(_end_when_lost, engine, lost, end)
            on_ready()
            _log.info("serves as process %d", os.getpid())
            await _until_idle(activity, config.background.idle_seconds)
            end()
    if lost.is_set():
        raise RuntimeUnavailableError("the warden process died, and every sandbox with it")


async def _end_when_lost(engine: Engine, lost: anyio.Event, end: Callable[[], None]) -> None:
    await engine.wait_lost()
    lost.set()
    end()


async def _warm_up(engine: Engine) -> None:
    """Let a sandbox wait before the first program comes; a missing tier is told when it is asked for."""
    try:
        await engine.run(Program(code="pass", language=_WARM_LANGUAGE))
    except (EngineError, PolicyError) as error:
        _log.warning("nothing waits for `%s` yet: %s", _WARM_LANGUAGE, error)


async def _until_idle(activity: Activity, idle_seconds: float) -> None:
    """Wait until nobody has asked for anything for so long; for ever with 0."""
    if not idle_seconds:
        await anyio.sleep_forever()
    while True:
        unused = 0.0 if activity.active else time.monotonic() - activity.last
        if unused >= idle_seconds:
            _log.info("nobody has needed it for %g s", idle_seconds)
            return
        await anyio.sleep(idle_seconds - unused)


def _tell(descriptor: int, started: Started) -> None:
    with suppress(OSError):  # whoever started us may have gone
        os.write(descriptor, msgspec.json.encode(started))
    with suppress(OSError):
        os.close(descriptor)


@contextmanager
def _logging_to(file: Path) -> Iterator[None]:
    """Write the log of this process to a file, which is put aside when it is large.

    Raises:
        EngineError: It cannot be written.
    """
    logger = logging.getLogger("isorun")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        handler = RotatingFileHandler(file, maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8")
    except OSError as error:
        raise EngineError(f"the log `{file}` cannot be written: {error.strerror}") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
