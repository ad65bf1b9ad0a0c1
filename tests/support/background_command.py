"""A background engine that `isorun up` has started for a test, and commands that find it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from .machine import is_running

ISORUN = str(Path(sys.executable).with_name("isorun"))
PATIENCE_SECONDS = 60.0

type Done = subprocess.CompletedProcess[bytes]


class BackgroundEngine(NamedTuple):
    """A background engine in a process of its own.

    Attributes:
        env: In which it was started, and in which commands find it.
        folder: Where it keeps its socket, its log and its configuration.
        pid: Of its process.
    """

    env: Mapping[str, str]
    folder: Path
    pid: int

    def isorun(self, *argv: str, env: Mapping[str, str] | None = None, **options: Any) -> Done:
        """Run a command to its end in the engine's environment."""
        options = {"stdin": subprocess.DEVNULL, "timeout": PATIENCE_SECONDS, **options}
        return subprocess.run(
            [ISORUN, *argv], env={**self.env, **(env or {})}, capture_output=True, **options
        )

    def start(self, *argv: str, **options: Any) -> "subprocess.Popen[bytes]":
        """Start a command in the engine's environment."""
        options = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            **options,
        }
        return subprocess.Popen([ISORUN, *argv], env=self.env, **options)

    def stats(self) -> dict[str, Any]:
        """Return what `isorun status --json` tells."""
        found: dict[str, Any] = json.loads(self.isorun("status", "--json").stdout)
        return found

    def log(self) -> str:
        """Return its log."""
        return (self.folder / "isorun" / "background.log").read_text("utf-8")


@contextmanager
def background_engine(folder: Path, config: str = "") -> Iterator[BackgroundEngine]:
    """Start a background engine with a configuration, and end it.

    Args:
        folder: New; all that it needs is below.
        config: Content of its configuration file.
    """
    (folder / "config" / "isorun").mkdir(parents=True)
    (folder / "config" / "isorun" / "config.toml").write_text(config, "utf-8")
    folder.chmod(0o700)
    places = {"XDG_RUNTIME_DIR": folder, "XDG_STATE_HOME": folder, "XDG_CONFIG_HOME": folder / "config"}
    env = {name: value for name, value in os.environ.items() if name != "ISORUN_BACKGROUND"}
    env.update({name: str(path) for name, path in places.items()})
    command = [ISORUN, "up", "--json"]
    up = subprocess.run(
        command, env=env, capture_output=True, timeout=PATIENCE_SECONDS, stdin=subprocess.DEVNULL
    )
    assert up.returncode == 0, up.stderr
    engine = BackgroundEngine(env, folder, json.loads(up.stdout)["pid"])
    try:
        yield engine
    finally:
        down = engine.isorun("down")
        if is_running(engine.pid):
            os.kill(engine.pid, signal.SIGKILL)
        assert down.returncode == 0, down.stderr
