"""Return objects of both languages that fight the report.

rows = [35, 38]
"""

import js
from pyodide.code import run_js


class Hostile:
    def tolist(self):
        return self

    def __repr__(self):
        raise KeyboardInterrupt

    def __getattr__(self, name):
        raise SystemExit(7)


proxy = run_js("new Proxy({}, { get() { throw new Error('looked at'); }, ownKeys() { throw 1; } })")
result = {"nested": [Hostile()], "proxy": proxy, "all": js}
