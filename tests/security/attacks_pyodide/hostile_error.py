"""Raise an exception that fights whoever looks at it.

rows = [35]
status = "error"
exit_code = 1
"""


class Hostile(Exception):
    def __str__(self):
        raise MemoryError

    def __repr__(self):
        raise SystemExit(0)


try:
    raise Hostile
except Hostile as error:
    raise Hostile from error
