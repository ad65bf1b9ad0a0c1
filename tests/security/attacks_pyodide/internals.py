"""Use what the interpreter and the guest code hold: their modules, frames, memory and proxies.

rows = [13, 37]
"""

import gc
import os
import sys

import js
import pyodide_js
from attempts import attempt, outcome

SECRET = os.environ["CANARY_TEXT_REVERSED"][::-1]
EXPECTED = {"HOME", "PATH", "TMPDIR", "LANG", "LC_ALL", "USER", "PYTHONDONTWRITEBYTECODE"}


def more_variables():
    return {name for name in os.environ if not name.startswith("CANARY_")} - EXPECTED


def in_interpreter_memory():
    memory = bytes(pyodide_js._module.HEAPU8.to_py())
    return b"engine-secret-" in memory


attempt("more variables than planned", more_variables)
attempt(
    "more variables of Deno", lambda: [name for name in js.Deno.env.toObject().to_py() if "SECRET" in name]
)
attempt("the engine's secret in memory", in_interpreter_memory)
attempt("arguments", lambda: SECRET in " ".join(sys.argv + sys.orig_argv))
attempt("arguments of the process", lambda: [one for one in js.Deno.args if "canary" in one])
attempt("modules of the guest code", lambda: {"program", "report", "pyodide_guest"} & set(sys.modules))
attempt("the binary", lambda: js.Deno.readFileSync(js.Deno.execPath()))
attempt("an operation of the runtime", lambda: js.Deno[js.Deno.internal].core.ops.op_read_file_text(SECRET))
attempt("open sockets", lambda: [one for one in gc.get_objects() if type(one).__name__ == "socket"])
result = outcome()
