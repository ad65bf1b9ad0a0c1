"""Which language a file is written in, by its ending or its `#!` line."""

import os
import re
from collections.abc import Mapping
from types import MappingProxyType

from ._errors import UsageError

#: File ending, in lower case -> language.
ENDINGS = {
    ".bash": "bash",
    ".c": "c",
    ".cc": "cpp",
    ".cjs": "node",
    ".cpp": "cpp",
    ".cxx": "cpp",
    ".js": "node",
    ".lua": "lua",
    ".mjs": "node",
    ".mts": "typescript",
    ".php": "php",
    ".pl": "perl",
    ".py": "python",
    ".r": "r",
    ".rb": "ruby",
    ".rs": "rust",
    ".sh": "bash",
    ".tcl": "tcl",
    ".ts": "typescript",
    ".wasm": "wasm",
}

#: Interpreter in a `#!` line, without version number -> language.
INTERPRETERS = {
    "bash": "bash",
    "lua": "lua",
    "node": "node",
    "perl": "perl",
    "php": "php",
    "python": "python",
    "rscript": "r",
    "ruby": "ruby",
    "sh": "sh",
    "tclsh": "tcl",
}


def language_of(path: str, code: bytes, configured: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the language of a file.

    Args:
        path: Its ending decides first.
        code: Its first line decides else.
        configured: File endings of the configuration; they win over the built-in ones.

    Raises:
        UsageError: Neither the ending nor a `#!` line is known.
    """
    ending = os.path.splitext(path)[1].lower()
    language = configured.get(ending) or ENDINGS.get(ending) or language_of_shebang(code)
    if language is None:
        what = f"the ending `{ending}` of `{path}` is not known" if ending else f"`{path}` has no ending"
        raise UsageError(f"{what} and no `#!` line names a known interpreter", hint="say it with `--lang`")
    return language


def language_of_shebang(code: bytes) -> str | None:
    """Return the language that a `#!` line names, such as `#!/usr/bin/env python3`; None without one."""
    line = code[:256].split(b"\n", 1)[0].decode("ascii", "replace")
    if not line.startswith("#!"):
        return None
    words = [os.path.basename(word) for word in line[2:].split() if not word.startswith("-")]
    if words[:1] == ["env"]:
        words = [word for word in words[1:] if "=" not in word]
    if not words:
        return None
    return INTERPRETERS.get(re.sub(r"[0-9.]+$", "", words[0]).lower())
