"""Where the attacks are tried: a tier, and the way to its sandboxes."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine import Program

from ._attack import Attack

_PROGRAMS = Path(__file__).parent / "programs"
#: In front of every program of its folder.
_PRELUDE = "_prelude"


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of the table.

    Attributes:
        tier: Name of the runtime.
        forks: Its sandboxes are forked; else each is started by itself.
        folder: Of the programs.
        language: In which they are written, and the ending of their names.
        harmless: A program that shows whether anything runs there.
    """

    tier: str
    folder: str
    language: str
    harmless: str
    forks: bool = False

    @property
    def title(self) -> str:
        """Of the column."""
        return f"{self.tier} (fork)" if self.forks else self.tier

    @property
    def is_alone(self) -> bool:
        """Whether a run that is over has to leave no process in a sandbox.

        Zygotes stay from run to run, and containers are not our descendants: there the names have to do that
        programs give to their processes.
        """
        return not self.forks and self.tier != "docker"

    def has(self, attack: Attack) -> bool:
        """Whether there is a program; if not, the tier has nothing of what it asks for."""
        return self._path(attack.name).exists()

    def program(self, attack: Attack, names: Mapping[str, str]) -> Program:
        """Return the program of an attack.

        Args:
            attack: One that it has a program for.
            names: What stands for each `@KEY@` in its text.
        """
        text = self._text(_PRELUDE) + self._text(attack.name)
        for key, value in names.items():
            text = text.replace(f"@{key}@", value)
        return Program(code=text, language=self.language)

    def _text(self, name: str) -> str:
        return self._path(name).read_text(encoding="utf-8")

    def _path(self, name: str) -> Path:
        return _PROGRAMS / self.folder / f"{name}.{self.language}"


_NATIVE = Column(tier="nsjail", folder="native", language="python", harmless="pass")

#: The lightest tier first. A way that a tier does not offer here is told as refused.
COLUMNS = (
    Column(
        tier="wasm",
        folder="wasm",
        language="wat",
        harmless='(module (memory (export "memory") 1) (func (export "_start")))',
    ),
    Column(tier="deno", folder="deno", language="javascript", harmless=";"),
    Column(tier="pyodide", folder="pyodide", language="python", harmless="pass"),
    _NATIVE,
    msgspec.structs.replace(_NATIVE, forks=True),
    msgspec.structs.replace(_NATIVE, tier="docker"),
)
