"""Raise an exception that fights whoever looks at it.

rows = [35]
status = "error"
"""


class Hostile(Exception):
    def __str__(self):
        raise MemoryError

    def __repr__(self):
        raise SystemExit(0)

    def __getattribute__(self, name):
        raise RuntimeError(name)


raise Hostile
