"""`isorun up --install`: a unit, so that systemd starts the background engine with the user's session."""

import json
import os
import shlex
import shutil
import sys
from pathlib import Path

from engine import EngineError
from engine._process import ToolError, run_tool

from . import _exit
from ._outcome import note
from ._standard import write_data

NAME = "isorun.service"
_SECONDS = 30.0
_ENABLE = ("enable", "--now", NAME)

_UNIT = """\
[Unit]
Description=Warm sandboxes for isorun

[Service]
ExecStart={command} up --foreground
Restart=on-failure
# Ending it by itself when it is idle is no failure, and the next login starts it again.
SuccessExitStatus=143

[Install]
WantedBy=default.target
"""


def install(*, as_json: bool) -> int:
    """Write the unit, have systemd start it if that can be reached, and return the exit code.

    Raises:
        EngineError: It cannot be written.
    """
    path = _unit_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_UNIT.format(command=_command()), encoding="utf-8")
    except OSError as error:
        raise EngineError(f"the unit `{path}` cannot be written: {error.strerror}") from error
    problem = _enable()
    if as_json:
        write_data(json.dumps({"unit": str(path), "enabled": not problem, "problem": problem}) + "\n")
    else:
        write_data(f"{path}\n")
        if problem:
            note(f"systemd does not start it yet: {problem}")
            note(f"`systemctl --user daemon-reload && systemctl --user {' '.join(_ENABLE)}` has it do that")
    return _exit.OK


def _unit_file() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "systemd" / "user" / NAME


def _command() -> str:
    """Return how this installation is called, as systemd reads it: quoted, and without its own signs."""
    script = Path(sys.executable).with_name("isorun")
    words = [str(script)] if script.exists() else [sys.executable, "-I", "-c", _START]
    return " ".join(shlex.quote(word) for word in words).replace("%", "%%").replace("$", "$$")


_START = "import sys; from engine.cli import main; sys.exit(main())"


def _enable() -> str:
    """Have systemd read and start the unit; return why not, if so."""
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        return "`systemctl` is not there"
    try:
        for words in (("daemon-reload",), _ENABLE):
            run_tool([systemctl, "--user", *words], timeout_seconds=_SECONDS)
    except ToolError as error:
        return str(error)
    return ""
