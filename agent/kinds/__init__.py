"""The kind of problem that a question is, learned from eighteen wordings of each.

`weights.json` is made by `python -m benchmarks.kinds train` from the questions in `benchmarks/wordings`, and
the same module measures it on wordings that it has not seen.
"""

from ._classify import OTHER, Guess, guess, kind_of

__all__ = ["OTHER", "Guess", "guess", "kind_of"]
