"""Leave Python for JavaScript by every door, and do there what a program may not.

rows = [2, 8, 11, 12, 14]
"""

import ctypes
import json
import os

import js
import pyodide_js
from attempts import attempt, outcome
from pyodide.code import run_js

FILE = json.dumps(os.environ["CANARY_FILE"])
PORT = int(os.environ["CANARY_PORT"])
OPERATIONS = {
    "read": f"Deno.readTextFileSync({FILE})",
    "write": "Deno.writeTextFileSync('/opt/tools/guest/x', 'x') ?? true",
    "environment": "Deno.readTextFileSync('/proc/self/environ')",
    "run": "new Deno.Command('/bin/sh').outputSync().success",
    "load": "Deno.dlopen('libc.so.6', { getpid: { parameters: [], result: 'i32' } }).symbols.getpid()",
    "pointer": "Deno.UnsafePointer.create(4096n)",
    "view": "new Deno.UnsafePointerView(Deno.UnsafePointer.of(new Uint8Array(8))).getInt8()",
    "connect": f"Deno.connect({{ hostname: '127.0.0.1', port: {PORT} }})",
    "fetch": f"fetch('http://127.0.0.1:{PORT}/').then((answer) => answer.text())",
    "listen": "Deno.listen({ port: 0 })",
    "host": "Deno.hostname()",
    "signal": "Deno.kill(1, 'SIGCONT') ?? true",
    "import file": f"import('file://' + {FILE}, {{ with: {{ type: 'text' }} }})",
    "import data": "import('data:text/javascript,import all from %22file:///proc/self/environ%22 with {type: %22text%22}')",
    "import remote": f"import('http://127.0.0.1:{PORT}/module.js')",
    "import package": "import('npm:lodash-es')",
    "child": "import('node:child_process').then((module) => module.execSync('id'))",
    "socket": "import('node:net').then((m) => new Promise((ok, no) => m.connect("
    f"{PORT}, '127.0.0.1').on('connect', ok).on('error', no)))",
    "database": f"import('node:sqlite').then((module) => new module.DatabaseSync({FILE}))",
    "ask": "Deno.permissions.requestSync({ name: 'read', path: '/' }).state === 'granted'",
    "ask for libraries": "Deno.permissions.requestSync({ name: 'ffi' }).state === 'granted'",
    "worker": f"new Promise((ok, no) => {{ const w = new Worker('data:text/javascript,' + encodeURIComponent("
    f"`postMessage(Deno.readTextFileSync({FILE}))`), {{ type: 'module' }}); w.onmessage = (e) => ok(e.data);"
    " w.onerror = (e) => { e.preventDefault(); no(e); }; })",
}


def by_pointer(source):
    """Run JavaScript by a function of the interpreter's own libc, and read its text from memory."""
    call = ctypes.CDLL(None).emscripten_run_script_string
    call.restype = ctypes.c_char_p
    # What is thrown through the interpreter breaks it: see `broken_by_throwing.py`.
    said = call(f"(() => {{ try {{ return String({source}) }} catch {{}} }})()".encode())
    return said and said not in (b"undefined", b"false", b"[object Promise]") and said


def by_prototype(source):
    function = js.Object.getPrototypeOf(js.eval).constructor
    return function(f"return {source}")()


def by_timer(source):
    later = f"try {{ ok({source}) }} catch (error) {{ no(error) }}"
    return js.eval(f"new Promise((ok, no) => setTimeout(() => {{ {later} }}, 0))")


DOORS = {
    "js.eval": js.eval,
    "run_js": run_js,
    "a function from text": lambda source: js.Function.new(f"return {source}")(),
    "a constructor by prototype": by_prototype,
    "the interpreter's libc": by_pointer,
    "a timer": by_timer,
}
for operation, source in OPERATIONS.items():
    for door, opened in DOORS.items():
        attempt(f"{operation} by {door}", opened, source)
attempt("the environment", lambda: [name for name in js.Deno.env.toObject().to_py() if "SECRET" in name])
attempt("a native library", lambda: ctypes.CDLL("libc.so.6").getpid())
attempt("load a package", pyodide_js.loadPackage, "micropip")
attempt(
    "load a package by its address", pyodide_js.loadPackage, f"http://127.0.0.1:{PORT}/x-1-py3-none-any.whl"
)
result = outcome()
