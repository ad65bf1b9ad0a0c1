"""Stop the counting of references to what was imported, so that it stays shared after a fork.

Each use of an object writes its reference count, and each write to a page that is shared with the parent
copies the page: that is most of what a forked interpreter spends at first. Since version 3.12 the interpreter
leaves the count of an object alone if it has a certain value (PEP 683), as it does for `None`. Nothing that a
zygote has imported is ever freed, so all of it may be like that.
"""

from __future__ import annotations

import ctypes
import gc
import sys

TYPE_CHECKING = False  # `typing` alone would double a fresh start
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType
    from typing import Any

#: The lower half of the count; in that state it is neither raised nor lowered.
_IMMORTAL = 0xFFFF_FFFF


def make_immortal() -> None:
    """Make everything immortal that the collector knows, and what that refers to."""
    if sys.version_info < (3, 12) or sys.byteorder != "little" or hasattr(sys, "gettotalrefcount"):
        return  # another layout; only the speed is lost
    count = ctypes.c_uint32.from_address
    seen: set[int] = set()
    waiting: list[Any] = gc.get_objects()
    skipped = {id(waiting), id(seen), id(sys._getframe())}
    while waiting:
        found = waiting.pop()
        address = id(found)
        if address not in seen and address not in skipped:
            seen.add(address)
            count(address).value = _IMMORTAL
            waiting += _referents(found)


def _referents(found: Any) -> Iterable[Any]:
    """Return what an object refers to; code, which the collector does not know, says so itself."""
    if type(found) is type(_referents.__code__):
        code: CodeType = found
        return (code.co_consts, code.co_names, code.co_name, code.co_qualname, code.co_filename)
    return gc.get_referents(found)
