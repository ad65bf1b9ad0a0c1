"""Look for what an earlier run of this very program has left, and leave it for the next one.

rows = [21]
"""

import builtins
import os

import js
from attempts import attempt, outcome

FILES = ("/box/work/residue", "/box/tmp/residue", "/home/residue", "/lib/python3.14/residue.py")

for path in FILES:
    attempt(f"a file at {path}", os.path.exists, path)
    attempt(f"leave {path}", lambda: open(path, "w").close())
attempt("local storage", lambda: js.localStorage.getItem("residue"))
attempt("leave local storage", js.localStorage.setItem, "residue", "left")
attempt("a global", lambda: hasattr(js, "residue") or hasattr(builtins, "residue"))
attempt("a variable", os.environ.get, "RESIDUE")
js.residue = builtins.residue = "left"
os.environ["RESIDUE"] = "left"
result = outcome()
