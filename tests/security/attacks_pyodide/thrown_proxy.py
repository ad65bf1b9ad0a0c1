"""Throw an object of the other language that answers every question by an error.

rows = [35]
status = "error"
"""

from pyodide.code import run_js

run_js("throw new Proxy(new Error('x'), { get() { throw 2; } })")
