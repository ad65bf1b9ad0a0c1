"""Small edits of a Python program: what somebody who made one slip would have to change.

The rules are those of mutation testing, read backwards: a name for another name, `<` for `<=`, a number one
off, an argument left out, a line at the wrong depth. They know nothing of what the program is for. Tests say
which edit is right.
"""

from ._edits import MAX_EDITS, Edit, edits_of

__all__ = ["MAX_EDITS", "Edit", "edits_of"]
