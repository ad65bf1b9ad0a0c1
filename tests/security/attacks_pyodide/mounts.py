"""Leave the folders by links, by climbing, and by mounting others into the interpreter.

rows = [3, 5]
"""

import os

import js
import pyodide_js
from attempts import attempt, outcome, works

FILE = os.environ["CANARY_FILE"]
FS = pyodide_js.FS


def reads(path):
    with open(path, "rb") as file:
        return file.read(100)


def through_link(target, path):
    os.symlink(target, path)
    try:
        return reads(path)
    finally:
        os.unlink(path)


def through_node_link(target):
    """Make the link on the host's side, where the interpreter only follows."""
    js.Deno.symlinkSync(target, "/box/work/deno-link")
    return reads("/box/work/deno-link")


def mounted(kind, options, path):
    FS.mkdirTree(path)
    FS.mount(getattr(FS.filesystems, kind), js.Object.fromEntries(list(options.items())), path)
    return os.listdir(path)


for number, root in enumerate(("/", "/proc", "/etc", "/opt/tools", os.path.dirname(FILE), "/box/..")):
    attempt(f"mount {root}", mounted, "NODEFS", {"root": root}, f"/mounted-{number}")
    attempt(f"mount {root} by its helper", pyodide_js.mountNodeFS, f"/helped-{number}", root)
for target in (FILE, "../" * 40 + FILE, "/proc/self/environ"):
    for place in ("/box/work/link", "/tmp/link", "/home/link"):
        attempt(f"link at {place} to {target}", through_link, target, place)
    attempt(f"link of the host to {target}", through_node_link, target)
    attempt(f"hard link to {target}", lambda: works(js.Deno.linkSync, target, "/box/work/hard"))
for path in (
    "/opt/tools/guest/x",
    "/opt/tools/pyodide/snapshot.json",
    "/opt/tools/pyodide-packages/x.py",
    "/box/../x",
):
    attempt(f"write {path}", lambda: works(js.Deno.writeTextFileSync, path, "x"))
attempt("a moved folder", lambda: works(js.Deno.renameSync, "/box/work", "/work"))
attempt("a name with a NUL", reads, f"/box/work/\0{FILE}")
attempt("climb in the work folder", reads, f"/box/work/../../../../../..{FILE}")
result = outcome()
