"""Find where control groups can be made, and make the folder of one warden in each place."""

import contextlib
import errno
import os
import time
from typing import NamedTuple

from engine.warden.cgroup import Tree

WANTED = ("memory", "pids", "cpu", "cpuacct")
#: Without these two a limit can be dodged by forking; cpu and cpuacct only add comfort.
NEEDED = frozenset({"memory", "pids"})


class Mount(NamedTuple):
    """One cgroup mount: where, which version, which controllers, and this process's folder in it."""

    point: str
    version: int
    controllers: frozenset[str]
    own: str


def open_trees(name: str) -> tuple[list[Tree], list[str]]:
    """Make a folder `name` in every usable hierarchy.

    Returns:
        The trees, v2 first, and one sentence for each thing that does not work here.
    """
    mounts = find_mounts(_text("/proc/self/mountinfo"), _text("/proc/self/cgroup"))
    trees: list[Tree] = []
    problems: list[str] = []
    for mount in sorted(mounts, key=lambda mount: -mount.version):
        if mount.version == 1 and not mount.controllers & NEEDED and any(tree.version == 2 for tree in trees):
            continue  # cpu time is counted in the v2 tree; each further tree costs every run
        try:
            tree = _open_v2(mount, name) if mount.version == 2 else _open_v1(mount, name)
        except OSError as error:
            problems.append(f"{mount.point}: {error.strerror}")
        else:
            trees.append(tree)
    missing = NEEDED - frozenset().union(*(tree.controllers for tree in trees))
    if missing:
        close_trees(trees)
        problems.append(f"no writable cgroup with {' and '.join(sorted(missing))}")
        return [], problems
    return trees, problems


def close_trees(trees: list[Tree]) -> None:
    """Remove the folders that `open_trees` made, and what dead runs left in them."""
    for tree in trees:
        _remove(tree.parent)
        if tree.version == 2:
            with contextlib.suppress(OSError):
                os.rmdir(os.path.dirname(tree.parent) + "/isorun-host")


def sweep(prefix: str) -> None:
    """Remove folders of wardens that died: named `<prefix>-<pid>-...`, where no such process lives."""
    for mount in find_mounts(_text("/proc/self/mountinfo"), _text("/proc/self/cgroup")):
        for parent in {mount.point, mount.own}:
            with contextlib.suppress(OSError):
                for entry in os.listdir(parent):
                    parts = entry.split("-")
                    dead = len(parts) == 3 and parts[0] == prefix and not os.path.exists(f"/proc/{parts[1]}")
                    if dead:
                        _remove(f"{parent}/{entry}")


def find_mounts(mountinfo: str, own: str) -> list[Mount]:
    """Read the cgroup mounts from the text of `/proc/self/mountinfo` and `/proc/self/cgroup`. Pure."""
    paths = {names: path for _, names, path in (line.split(":", 2) for line in own.splitlines() if line)}
    mounts = []
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        root, point = left.split()[3:5]
        kind, _, options = right.split()[:3]
        if kind == "cgroup2":
            mounts.append(Mount(point, 2, frozenset(), _below(point, root, paths.get("", "/"))))
        elif kind == "cgroup":
            controllers = frozenset(options.split(",")) & frozenset(WANTED)
            names = next((names for names in paths if names and set(names.split(",")) & controllers), None)
            if controllers and names is not None:
                mounts.append(Mount(point, 1, controllers, _below(point, root, paths[names])))
    return mounts


def _below(point: str, root: str, path: str) -> str:
    """Return the folder of cgroup `path` in a mount that shows the hierarchy from `root` on.

    The kernel writes `/..` for what lies above our namespace; names there are not told, so such a path is
    never simplified, and a folder that cannot be named gives the mount itself.
    """
    prefix = f"{root.rstrip('/')}/"
    inside = f"{path}/".removeprefix(prefix).strip("/") if f"{path}/".startswith(prefix) else ""
    return f"{point}/{inside}" if inside and ".." not in inside.split("/") else point


def _open_v1(mount: Mount, name: str) -> Tree:
    os.mkdir(f"{mount.own}/{name}", 0o755)
    return Tree(f"{mount.own}/{name}", 1, mount.controllers)


def _open_v2(mount: Mount, name: str) -> Tree:
    """Take the parent that hands down most controllers; without any, groups can still be killed."""
    enabled = {parent: _enable(parent, is_own=parent == mount.own) for parent in (mount.own, mount.point)}
    parent = max(enabled, key=lambda parent: len(enabled[parent]))
    folder = f"{parent}/{name}"
    os.mkdir(folder, 0o755)
    return Tree(folder, 2, _enable(folder, is_own=False))


def _enable(parent: str, *, is_own: bool) -> frozenset[str]:
    """Hand controllers down to the children of `parent`; return those that they then have."""
    offered = set(_text(f"{parent}/cgroup.controllers").split()) & set(WANTED)
    try:
        for controller in sorted(offered - set(_text(f"{parent}/cgroup.subtree_control").split())):
            _hand_down(parent, controller, is_own=is_own)
    except OSError:
        pass
    return frozenset(_text(f"{parent}/cgroup.subtree_control").split()) & frozenset(WANTED)


def _hand_down(parent: str, controller: str, *, is_own: bool) -> None:
    try:
        _append(f"{parent}/cgroup.subtree_control", f"+{controller}")
    except OSError as error:
        if error.errno != errno.EBUSY or not is_own:
            raise
        # A group with controllers may not hold processes itself: ours move one level down.
        _evacuate(parent)
        _append(f"{parent}/cgroup.subtree_control", f"+{controller}")


def _evacuate(parent: str) -> None:
    leaf = f"{parent}/isorun-host"
    os.makedirs(leaf, exist_ok=True)
    for pid in _text(f"{parent}/cgroup.procs").split():
        with contextlib.suppress(ProcessLookupError):
            _append(f"{leaf}/cgroup.procs", pid)


def _remove(folder: str) -> None:
    """Remove a folder of groups, killing what is left inside; bounded in time."""
    for _ in range(50):
        try:
            entries = [entry.path for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
            for path in entries:
                _remove_leaf(path)
            os.rmdir(folder)
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.02)
        else:
            return


def _remove_leaf(path: str) -> None:
    with contextlib.suppress(OSError):
        for pid in _text(f"{path}/cgroup.procs").split():
            os.kill(int(pid), 9)
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(path)


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _append(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
