"""Read what belongs to the host, by path, in Python and in what is below it.

rows = [1, 13]
"""

import os

import js
from attempts import attempt, outcome

SECRET = os.environ["CANARY_TEXT_REVERSED"][::-1]
HOST = (os.environ["CANARY_FILE"], os.environ["CANARY_HOME_FILE"], "/proc/self/environ", "/proc/1/environ")
OUTSIDE = (*HOST, "/opt/tools/guest/pyodide.js", "/opt/tools/pyodide/snapshot.json", "/usr/lib/os-release")


def reads(path):
    with open(path, "rb") as file:
        return file.read(4096)


def holds_secret(path):
    try:
        return SECRET in reads(path).decode("utf-8", "replace")
    except OSError:
        return False


def secret_anywhere():
    return [
        f"{folder}/{name}"
        for folder, _, files in os.walk("/")
        for name in files
        if not folder.startswith(("/dev", "/proc/self/fd", "/lib")) and holds_secret(f"{folder}/{name}")
    ]


for path in HOST:
    attempt(f"Python reads {path}", reads, path)
    attempt(f"Python climbs to {path}", reads, "../" * 40 + path)
    attempt(f"Python climbs from its folder to {path}", reads, f"/box/work/{'../' * 9}{path}")
for path in OUTSIDE:
    attempt(f"Deno reads {path}", js.Deno.readTextFileSync, path)
    attempt(f"Deno reads {path} later", js.Deno.readTextFile, path)
    attempt(f"Deno opens {path}", js.Deno.openSync, path)
    attempt(f"Deno looks at {path}", js.Deno.statSync, path)
    attempt(f"Deno copies {path}", js.Deno.copyFileSync, path, "copy")
    attempt(f"node reads {path}", lambda: js.process.getBuiltinModule("fs").readFileSync(path))
    attempt(f"fetch {path}", lambda: js.fetch(f"file://{path}").then(lambda answer: answer.text()))
for path in ("/", "/root", "/home", "/etc", "/proc", "/opt/tools/guest", "/opt/tools/pyodide"):
    attempt(f"Deno lists {path}", lambda: len(js.Array["from"](js.Deno.readDirSync(path))))
attempt("find the secret in any visible file", secret_anywhere)
result = outcome()
