"""Names: which modules a folder offers, and which ones a program asks for."""

import re
from pathlib import Path

#: A program's imports stand at its top; what comes after this many bytes is not looked at.
SCAN_BYTES = 1024 * 1024

# Every repetition is possessive (`*+`): the text is hostile, and backtracking would take quadratic time.
_BLANK = rb"[ \t\f]"
_NAME = rb"[^\W\d]\w*+"
_ITEM = rb"%s(?:\.\w++)*+(?:%s++as%s++\w++)?+" % (_NAME, _BLANK, _BLANK)
_IMPORT = re.compile(
    rb"(?:^|[;:])%(blank)s*+(?:import%(blank)s++(?P<names>%(item)s(?:%(blank)s*+,%(blank)s*+%(item)s)*+)"
    rb"|from%(blank)s++(?P<package>%(name)s)[\w.]*+%(blank)s++import\b)"
    % {b"blank": _BLANK, b"item": _ITEM, b"name": _NAME},
    re.MULTILINE,
)


def find_imports(code: bytes | str) -> frozenset[str]:
    """Return the top-level names that a Python program seems to import, from a scan of its text.

    Deliberately not `ast.parse`: the host must not feed hostile code to its own compiler, which deep nesting
    can crash and large literals can fill with memory. A scan may find a name in a string and miss an import
    made by a call; both only affect which environment is chosen, never what a program may do.
    """
    data = code.encode("utf-8", "replace") if isinstance(code, str) else code
    found: set[str] = set()
    for match in _IMPORT.finditer(data[:SCAN_BYTES]):
        names = match["package"] or match["names"]
        found.update(item.split()[0].split(b".")[0].decode("ascii", "replace") for item in names.split(b","))
    return frozenset(found)


def importable_names(folder: Path) -> set[str]:
    """Return the top-level modules and packages in a folder of `sys.path`."""
    return {name for entry in folder.iterdir() if (name := _module_name(entry)) and name.isidentifier()}


def _module_name(entry: Path) -> str | None:
    if entry.name.endswith((".py", ".so")):
        return entry.name.split(".")[0]
    # A namespace package has its modules one level down; a folder of data files has none.
    if entry.is_dir() and any(_has_modules(folder) for folder in (entry, *entry.iterdir())):
        return entry.name
    return None


def _has_modules(folder: Path) -> bool:
    return folder.is_dir() and any(entry.suffix in {".py", ".so"} for entry in folder.iterdir())
