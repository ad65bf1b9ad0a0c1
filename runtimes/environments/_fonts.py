"""Matplotlib's list of fonts, made once: without it, each run that draws looks through all fonts again."""

from pathlib import Path
from typing import NamedTuple

from engine._process import run_tool

from ._host_python import HostPython
from ._layout import GUEST_PACKAGES, GUEST_TEMPORARY

_FOLDER = ".matplotlib"
#: Matplotlib insists on a writable folder for its settings, so the list is linked into one.
_GUEST_FOLDER = f"{GUEST_TEMPORARY}/{_FOLDER}"
_SECONDS = 180.0
_IGNORE_HOST = "MPL_IGNORE_SYSTEM_FONTS"
#: Importing makes the list. Fonts of the host stay out of it: they are not in the jail.
_PROGRAM = f"""
import os, sys
packages, folder = sys.argv[1:]
sys.path.insert(0, packages)
os.environ.update(MPLCONFIGDIR=folder, {_IGNORE_HOST}="1")
import matplotlib.font_manager
"""


class Extras(NamedTuple):
    """What programs of an environment need, beside its packages."""

    env: dict[str, str]
    links: dict[str, str]


def plotting_extras(packages: Path, python: HostPython, *, trusted: bool) -> Extras:
    """Return the settings that matplotlib needs, if it is there, and make its list of fonts.

    Making the list runs the package on the host, so it is done for our own pinned packages alone; programs of
    a user's environment make the list themselves, which takes 0.3 s.
    """
    if not (packages / "matplotlib").is_dir():
        return Extras({}, {})
    env = {"MPLBACKEND": "Agg", "MPLCONFIGDIR": _GUEST_FOLDER, _IGNORE_HOST: "1"}
    if not trusted:
        return Extras(env, {})
    folder = packages / _FOLDER
    folder.mkdir(exist_ok=True)
    run_tool([python.executable, "-I", "-B", "-c", _PROGRAM, packages, folder], timeout_seconds=_SECONDS)
    names = sorted(path.name for path in folder.iterdir())
    return Extras(env, {f"{_GUEST_FOLDER}/{name}": f"{GUEST_PACKAGES}/{_FOLDER}/{name}" for name in names})
