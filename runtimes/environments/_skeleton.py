"""The parts of a guest's root that do not depend on the interpreter: folders, links and `/etc`."""

import shutil
from pathlib import Path

from ._layout import GUEST_HOME, GUEST_PACKAGES, GUEST_TEMPORARY, GUEST_TOOLS, GUEST_UID

#: Mount points; the jail covers each of them or leaves it empty.
_FOLDERS = (
    "box",
    "dev",
    "etc/alternatives",
    "lib",
    "mnt",
    "opt/isorun",
    GUEST_PACKAGES[1:],
    GUEST_TOOLS[1:],
    "proc",
    "usr",
)
_LINKS = {
    "bin": "usr/bin",
    "sbin": "usr/sbin",
    "lib64": "lib",
    "tmp": GUEST_TEMPORARY[1:],
    "usr/lib": "../lib",
    "usr/lib64": "../lib",
}
_FILES = {
    "passwd": f"root:x:0:0:root:/:/sbin/nologin\n"
    f"guest:x:{GUEST_UID}:{GUEST_UID}:guest:{GUEST_HOME}:/sbin/nologin\n"
    f"nobody:x:65534:65534:nobody:/:/sbin/nologin\n",
    "group": f"root:x:0:\nguest:x:{GUEST_UID}:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "ld.so.cache": "",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
_ZONES = Path("/usr/share/zoneinfo")
#: The same zones again, counted otherwise; and a table of leap seconds per zone.
_ZONE_DUPLICATES = ("posix", "right")
#: The C library's only UTF-8 locale without a language. Older systems write it in capitals.
_LOCALES = (Path("/usr/lib/locale/C.utf8"), Path("/usr/lib/locale/C.UTF-8"))


def make_skeleton(root: Path) -> None:
    """Create the folders, links and files that every guest root has."""
    for name in _FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    for name, target in _LINKS.items():
        (root / name).symlink_to(target)
    for name, text in _FILES.items():
        (root / "etc" / name).write_text(text, encoding="ascii")


def copy_zones(root: Path) -> None:
    """Copy the host's time zones, if it has them, so that `zoneinfo` works without a package (4 MB)."""
    if _ZONES.is_dir():
        shutil.copytree(
            _ZONES,
            root / "usr/share/zoneinfo",
            ignore=lambda _folder, names: [name for name in names if name in _ZONE_DUPLICATES],
            symlinks=False,
            ignore_dangling_symlinks=True,
        )


def copy_locale(root: Path) -> None:
    """Copy the host's `C.UTF-8` locale, which the C library does not carry in itself (360 kB)."""
    for locale in _LOCALES:
        if locale.is_dir():
            shutil.copytree(locale, root / "lib/locale" / locale.name)
