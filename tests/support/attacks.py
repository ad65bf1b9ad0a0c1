"""Folders of attack programs, and what must hold after each of them."""

import ast
import os
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from engine import File, Program, Result
from policies import Isolation, Limits, Policy
from tests.support.canaries import Canaries

#: File endings by language.
_LANGUAGES = {
    ".c": "c",
    ".cpp": "cpp",
    ".js": "javascript",
    ".mjs": "javascript",
    ".py": "python",
    ".rs": "rust",
    ".ts": "typescript",
    ".wat": "wat",
}
_HELPER = "attempts"


class Header(msgspec.Struct, forbid_unknown_fields=True):
    """What an attack's docstring says below its first line, as TOML; in JavaScript its first comment.

    Attributes:
        rows: Of the security checklist.
        status: One that the result must have, or several.
        reason: The finer one, if it is certain.
        exit_code: If it is certain.
        limits: Changed for this attack.
    """

    rows: tuple[int, ...]
    status: str | tuple[str, ...] = "ok"
    reason: str | None = None
    exit_code: int | None = None
    limits: dict[str, Any] = {}

    @property
    def statuses(self) -> tuple[str, ...]:
        return (self.status,) if isinstance(self.status, str) else self.status


class Corpus(NamedTuple):
    """The attacks in one folder, for one runtime.

    Attributes:
        folder: One program for each attack, and a helper beside them.
        runtime: That has to take them.
        environment: For the programs.
    """

    folder: Path
    runtime: str
    environment: str | None = None

    def names(self) -> list[str]:
        return sorted(path.name for path in self._paths() if path.stem != _HELPER)

    def header(self, name: str) -> Header:
        return msgspec.convert(tomllib.loads(_comment(self.folder / name)), Header)

    def program(self, name: str, canaries: Canaries) -> Program:
        path = self.folder / name
        helpers = [one for one in self._paths() if one.stem == _HELPER]
        return Program(
            code=path.read_bytes(),
            language=_LANGUAGES[path.suffix],
            env=canaries.variables(),
            files=tuple(File(name=helper.name, data=helper.read_bytes()) for helper in helpers),
            environment=self.environment,
        )

    def policy(self, name: str) -> Policy:
        limits = msgspec.convert({"wall-seconds": 30, **self.header(name).limits}, Limits)
        return Policy(limits=limits, isolation=Isolation(require=(self.runtime,)))

    def complaints(self, name: str, result: Result) -> list[str]:
        """Return what is wrong with the end of an attack, which is nothing if it was contained."""
        expected = self.header(name)
        value = result.value if isinstance(result.value, dict) else {}
        is_as_expected = (
            result.status in expected.statuses
            and expected.reason in (None, result.reason)
            and expected.exit_code in (None, result.exit_code)
            and result.isolation.runtime == self.runtime
            and (bool(value.get("tried")) or not self._tells(name))
            and not value.get("escaped")
        )
        return [] if is_as_expected else [f"{name}: {described(result)[:3000]}"]

    def _tells(self, name: str) -> bool:
        """Whether an attack that runs to its end has its outcome as its value."""
        text = (self.folder / name).read_text("utf-8").rstrip()
        return "ok" == self.header(name).status and any(
            line in ("result = outcome()", "outcome();") for line in text.splitlines()
        )

    def _paths(self) -> list[Path]:
        return [path for path in self.folder.iterdir() if path.suffix in _LANGUAGES or path.stem == _HELPER]


def assert_nothing_reached(result: Result, canaries: Canaries) -> None:
    """The canary's text is nowhere in the result, and nobody has connected."""
    text = canaries.text.encode()
    assert text not in result.stdout_bytes
    assert text not in result.stderr_bytes
    assert canaries.text not in repr(result.value)
    assert os.environ["TEST_ENGINE_SECRET"] not in repr(result)
    assert all(text not in artifact.data for artifact in result.files)
    assert canaries.connections == []
    assert canaries.process.poll() is None


def described(result: Result) -> str:
    end = f"{result.status} {result.reason} {result.exit_code} {result.signal}"
    return f"{end} {result.value} {result.stderr[-2000:]}"


def _comment(path: Path) -> str:
    """Return what comes below the first line of an attack's own description."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        description = ast.get_docstring(ast.parse(text)) or ""
    else:
        description = text.partition("/*\n")[2].partition("*/")[0]
    return description.partition("\n")[2]
