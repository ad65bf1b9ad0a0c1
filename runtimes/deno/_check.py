"""Type-checking a program before it runs: the command line of `deno check`, and what it prints.

It runs in a jail of its own, for the text that it works on is untrusted. It sees the program as `main.ts` in
the working folder, beside the input files, so that positions are named as they are when the program runs. No
code of the program is run. It ends with 0 if all is well and with 1 if not, whatever the reason.
"""

import msgspec

from runtimes.v8._command import DENO_FOLDER

from ._builtins import BUILTIN_IMPORTS
from ._npm import IMPORT_MAP, NPM_FOLDER

#: Name of the program in the working folder.
CHECKED_NAME = "main.ts"
#: Nothing is fetched, and nothing is looked for in the folders above the program.
_CLOSED = ("--no-remote", "--no-config", "--no-lock", "--cached-only", "--no-code-cache")
#: The check of one line takes 180 MiB and is killed with 160; the rest is for the jail around it.
LEAST_MEMORY_MIB = 208
_VERDICT = "error: Type checking failed."
#: Names that Node knows without `node:`. Given on the command line: no file holds it where no packages are.
_BUILTINS_ONLY = "data:application/json," + msgspec.json.encode({"imports": BUILTIN_IMPORTS}).decode()


def check_command(*, has_packages: bool, heap_mib: int, folder: str = "/box/work") -> tuple[str, ...]:
    """Return the arguments, absolute path first.

    Args:
        has_packages: Whether the jail shows the npm packages at `NPM_FOLDER`.
        heap_mib: Size of V8's heap.
        folder: Where the program lies in the jail.
    """
    packages = (f"--import-map={NPM_FOLDER}/{IMPORT_MAP}",)
    none = ("--no-npm", f"--import-map={_BUILTINS_ONLY}")
    return (
        f"{DENO_FOLDER}/deno",
        "check",
        "--quiet",
        *_CLOSED,
        *(packages if has_packages else none),
        f"--v8-flags=--max-old-space-size={heap_mib}",
        f"{folder}/{CHECKED_NAME}",
    )


def check_variables(*, has_packages: bool) -> dict[str, str]:
    """Return the environment variables; Deno keeps in memory what it cannot write to its folder."""
    folder = NPM_FOLDER if has_packages else "/box/deno"
    return {"DENO_DIR": folder, "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}


def diagnostics(output: str) -> str:
    """Return what the check has found, without the last line, which only says that it has found something."""
    text = output.rstrip()
    if text.endswith(_VERDICT):
        text = text.removesuffix(_VERDICT).rstrip()
    return f"{text}\n" if text else ""
