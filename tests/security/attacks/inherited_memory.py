"""Look for what the process was before it was ours: modules, objects, frames, mappings, its own folder.

rows = [13, 18, 19, 37]
"""

import gc
import os
import re
import sys

from attempts import attempt, outcome

SECRET = os.environ["CANARY_TEXT_REVERSED"][::-1]
FOLDERS = {os.path.dirname(os.environ[name]) for name in ("CANARY_FILE", "CANARY_HOME_FILE")}
#: Of isorun, and what it alone needs; a program may bring modules of these names.
OWN = "start_zygote maker zygote order box kernel runner program report supervisor marshal resource".split()
#: Classes whose objects know of other runs, or of the way to the host.
TELLING = {"Maker", "Zygote", "Order", "_Run"}

gc.unfreeze()  # what a process had before it was forked is kept out of sight of the collector
OBJECTS = gc.get_objects()


def open_files():
    """Return what can be read or written besides the standard streams."""
    found = []
    for value in OBJECTS:
        if hasattr(type(value), "fileno") and not isinstance(value, type):
            try:
                if value.fileno() > 2:
                    found.append(repr(value))
            except Exception:
                continue
    return found


def telling_objects():
    return [repr(value) for value in [*OBJECTS, *locals_of_frames()] if type(value).__name__ in TELLING]


def locals_of_frames():
    frame = sys._getframe()
    while frame is not None:
        yield from frame.f_locals.values()
        frame = frame.f_back


def texts():
    """Return every string that an object of the process holds."""
    for value in OBJECTS:
        if isinstance(value, dict) and value is not os.environ._data:
            yield from (part for pair in value.items() for part in pair)
        elif isinstance(value, (list, tuple, set)):
            yield from value


def host_paths():
    """Search for folders of the host: the canaries', and isorun's own but where the jail shows it."""
    told = set(os.environ.values()) | FOLDERS
    found = {text for text in texts() if isinstance(text, str) and text not in told}
    of_isorun = [text for text in found if "/isorun/" in text[1:] and not text.startswith("/opt/isorun/")]
    return of_isorun + [text for text in found if any(folder in text for folder in FOLDERS)]


def secret_texts():
    own = {id(SECRET)}
    return [text for text in texts() if isinstance(text, str) and SECRET in text and id(text) not in own]


def mappings():
    with open("/proc/self/maps") as maps:
        return [line.split() for line in maps]


def shared_mappings():
    return [line for line in mappings() if line[1][3] == "s"]


def odd_files():
    allowed = re.compile(r"(/opt/(python|packages|isorun)|/lib|/lib64|/usr)/|\[|/etc/ld")
    return [line[5] for line in mappings() if len(line) > 5 and not allowed.match(line[5])]


def writable_code():
    return [line for line in mappings() if "w" in line[1] and "x" in line[1]]


attempt("modules of isorun", lambda: [name for name in OWN if name in sys.modules])
attempt("another main module", lambda: sys.modules["__main__"].__file__ != __file__)
attempt("objects that tell of others", telling_objects)
attempt("an open file or socket", open_files)
attempt("the secret", secret_texts)
attempt("folders of the host", host_paths)
attempt("the path of modules", lambda: [path for path in sys.path if path.startswith("/opt/isorun")])
attempt("hooks", lambda: sys.gettrace() or sys.getprofile() or sys.excepthook is not sys.__excepthook__)
attempt("arguments of another", lambda: sys.argv != [__file__])
attempt(
    "more than one thread", lambda: len(sys._current_frames()) != 1 or len(os.listdir("/proc/self/task")) != 1
)
attempt("children", lambda: os.waitpid(-1, os.WNOHANG) or True)
attempt("shared memory", shared_mappings)
attempt("mapped files of the host", odd_files)
attempt("memory that is written and executed", writable_code)
result = outcome()
