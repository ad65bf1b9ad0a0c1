"""Leave by JavaScript's door with an exit code that means a limit elsewhere.

rows = [39]
status = "error"
exit_code = 137
"""

import js

js.Deno.exit(137)
