"""Break the interpreter's memory, and go on.

rows = [7, 45]
status = ["error", "crashed", "timeout"]
limits = { wall-seconds = 3 }
"""

import pyodide_js

pyodide_js._module.HEAPU8.fill(0)
print("still there")
