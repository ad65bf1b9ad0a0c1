"""Break the interpreter by recursion deeper than its stack.

rows = [45]
status = ["error", "crashed", "timeout"]
limits = { cpu-seconds = 2 }
"""

import sys

sys.setrecursionlimit(10**6)


def again(depth):
    return [again(depth + 1)]


again(0)
