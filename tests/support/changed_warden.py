"""Wardens with one of their parts replaced, which only tests can make."""

import socket
import subprocess
from pathlib import Path

import pytest

from engine import _process


def change_warden(monkeypatch: pytest.MonkeyPatch, statements: str) -> None:
    """Have the next engine's warden execute some statements before it serves.

    Args:
        monkeypatch: Of the test.
        statements: Python; modules of the package `engine.warden` can be imported.
    """
    root = str(Path(_process.__file__).resolve().parent.parent)
    code = (
        f"import sys; sys.path.append({root!r})\n{statements}\nfrom engine.warden.main import main\nmain()\n"
    )

    def start() -> tuple[socket.socket, subprocess.Popen[bytes]]:
        return _process._start_python(["-I", "-S", "-c", code], kind=socket.SOCK_SEQPACKET)

    monkeypatch.setattr(_process, "_start_process", start)
