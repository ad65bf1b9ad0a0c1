"""Which language a program is written in: by name, by the ending of its file, or by its `#!` line."""

import os
import re
from collections.abc import Collection, Mapping
from types import MappingProxyType

from ._errors import UsageError

#: File ending, in lower case -> language.
ENDINGS = {
    ".bash": "bash",
    ".c": "c",
    ".cc": "cpp",
    ".cjs": "javascript",
    ".cpp": "cpp",
    ".cxx": "cpp",
    ".go": "go",
    ".java": "java",
    ".js": "javascript",
    ".lua": "lua",
    ".mjs": "javascript",
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
    ".wat": "wat",
}

#: Interpreter in a `#!` line, without version number -> language. Deno takes a file without an ending for
#: TypeScript.
INTERPRETERS = {
    "bash": "bash",
    "deno": "typescript",
    "lua": "lua",
    "node": "javascript",
    "nodejs": "javascript",
    "perl": "perl",
    "php": "php",
    "python": "python",
    "rscript": "r",
    "ruby": "ruby",
    "sh": "sh",
    "tclsh": "tcl",
}

#: Short name -> language. `node` is none of them: it is the host's own interpreter.
ALIASES = {
    "c++": "cpp",
    "js": "javascript",
    "py": "python",
    "rs": "rust",
    "ts": "typescript",
}


def language_named(name: str, configured: Collection[str] = ()) -> str:
    """Return the language that `--lang` means; a configured interpreter of that name wins over an alias."""
    return name if name in configured else ALIASES.get(name, name)


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
        endings = ", ".join(sorted({*ENDINGS, *configured}))
        raise UsageError(
            f"{what} and no `#!` line names a known interpreter",
            hint=f"say it with `--lang`; known endings: {endings}",
        )
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
