"""Return an object whose methods fight the report.

rows = [35, 38]
status = "ok"
"""


class Hostile:
    def __reduce__(self):
        return (print, ("unpickled on the host",))

    def tolist(self):
        return self

    def __repr__(self):
        raise KeyboardInterrupt

    def __getattr__(self, name):
        raise SystemExit(7)


result = {"nested": [Hostile()]}
