"""What the kernel allows here, read from `/proc`: namespaces, and what restricts them."""

import os
from pathlib import Path
from typing import NamedTuple

#: Profile for Ubuntu 23.10 and later, where only programs with such a profile may make user namespaces.
_PROFILE = """\
abi <abi/4.0>,
include <tunables/global>

profile isorun-nsjail "{binary}" flags=(unconfined) {{
  userns,
  include if exists <local/isorun-nsjail>
}}
"""
_PROFILE_FILE = "/etc/apparmor.d/isorun-nsjail"


class Fact(NamedTuple):
    """One thing about this machine.

    Attributes:
        name: What it is about.
        ok: Whether it is as isorun needs it.
        detail: What was found.
        fix: What to do, when it is not ok.
    """

    name: str
    ok: bool
    detail: str
    fix: str = ""


def namespace_facts(nsjail: str | None, *, root: Path = Path("/"), uid: int | None = None) -> list[Fact]:
    """Return whether this user may make user namespaces, and what stands in the way.

    Args:
        nsjail: The binary that an AppArmor profile has to name, if one was found.
        root: Where `proc` lies; tests have their own.
        uid: The user to judge for; None means the one who runs this.
    """
    is_root = (os.geteuid() if uid is None else uid) == 0
    return [_user_namespaces(root, is_root=is_root), _apparmor(root, nsjail, is_root=is_root)]


def _user_namespaces(root: Path, *, is_root: bool) -> Fact:
    name = "user namespaces"
    most = _number(root / "proc/sys/user/max_user_namespaces")
    if most is None:
        return Fact(name, False, "the kernel has none", "use a kernel built with CONFIG_USER_NS")
    if most == 0:
        fix = "sudo sysctl -w user.max_user_namespaces=15000"
        return Fact(name, False, "`user.max_user_namespaces` is 0", fix)
    if _number(root / "proc/sys/kernel/unprivileged_userns_clone") == 0 and not is_root:
        fix = "sudo sysctl -w kernel.unprivileged_userns_clone=1"
        return Fact(name, False, "only root may make them: `kernel.unprivileged_userns_clone` is 0", fix)
    return Fact(name, True, f"up to {most}")


def _apparmor(root: Path, nsjail: str | None, *, is_root: bool) -> Fact:
    name = "apparmor"
    if _number(root / "proc/sys/kernel/apparmor_restrict_unprivileged_userns") != 1:
        return Fact(name, True, "does not restrict user namespaces")
    if is_root:
        return Fact(name, True, "restricts user namespaces of other users than root")
    if (root / _PROFILE_FILE.lstrip("/")).exists():
        return Fact(name, True, f"restricts user namespaces; `{_PROFILE_FILE}` is there")
    detail = "lets only programs with a profile make user namespaces (Ubuntu 23.10 and later)"
    return Fact(name, False, detail, apparmor_fix(nsjail or "/path/to/nsjail"))


def apparmor_fix(binary: str) -> str:
    """Return the profile to install for an nsjail binary, and how to load it."""
    return (
        f"write this to `{_PROFILE_FILE}`, then run `sudo apparmor_parser -r {_PROFILE_FILE}`:\n"
        + _PROFILE.format(binary=binary)
    )


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
