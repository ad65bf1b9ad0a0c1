"""The collector of output files, on trees that somebody changes while they are read.

It is called when no process of the sandbox is left. Here a thread does what such a process could do, all the
same: what is read has to be plain and bounded, and from inside, even then.
"""

import os
import random
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from hypothesis import strategies as st

from engine import Artifact
from runtimes.jails import _collect
from runtimes.jails._collect import MAX_DEPTH, collect

from .hostile import Target

_CANARY = b"canary of the host"
#: Begins whatever lies inside; of what lies outside nothing does.
_INSIDE = b"in"
_NAMES = ("a", "b", "c", "\udcff", "-x")
_DEADLINE_SECONDS = 20.0
#: On each tree, while it changes.
_ROUNDS = 4
#: Of the collector, from one change to the next on average.
_LINES = 2
_COLLECTOR = _collect.__file__
#: Between two threads, so that the change comes in the middle of a step.
_SWITCH_SECONDS = 1e-5

type TraceFunction = Callable[[FrameType, str, object], TraceFunction | None]
type Tree = dict[str, "str | Tree"]

_LEAVES = st.sampled_from(["file", "large", "link", "folder link", "up", "hard link", "fifo", "sparse"])
_TREES = st.recursive(
    st.dictionaries(st.sampled_from(_NAMES), _LEAVES, min_size=1, max_size=5),
    lambda inner: st.dictionaries(st.sampled_from(_NAMES), _LEAVES | inner, min_size=1, max_size=5),
    max_leaves=20,
)


class _Limits(NamedTuple):
    """Of what is collected."""

    max_bytes: int
    max_count: int


class _Place:
    """A folder of a program, and one outside of it with a file that it must not get."""

    def __init__(self, folder: Path) -> None:
        self.outside, self.work = folder / "outside", folder / "work"
        self.outside.mkdir()
        (self.outside / "canary").write_bytes(_CANARY)
        (self.outside / "a").write_bytes(_CANARY)

    def plant(self, folder: Path, tree: Tree) -> None:
        """Make a tree."""
        folder.mkdir()
        for name, content in tree.items():
            if isinstance(content, dict):
                self.plant(folder / name, content)
            else:
                self.make(folder / name, content)

    def make(self, path: Path, kind: str) -> None:
        """Make an entry of a kind."""
        match kind:
            case "file":
                path.write_bytes(_INSIDE)
            case "large":
                path.write_bytes(_INSIDE * 100)
            case "link":
                path.symlink_to(self.outside / "canary")
            case "folder link":
                path.symlink_to(self.outside)
            case "up":
                path.symlink_to("../" * 5)
            case "hard link":
                path.hardlink_to(self.outside / "canary")
            case "fifo":
                os.mkfifo(path)
            case "folder":
                path.mkdir()
            case _:
                with path.open("wb") as file:
                    file.write(_INSIDE)
                    file.truncate(1 << 40)


class _Mutator:
    """Changes a tree at random."""

    _KINDS = ("file", "large", "link", "folder link", "hard link", "fifo", "sparse", "folder")

    def __init__(self, place: _Place, number: int) -> None:
        self._place = place
        self._random = random.Random(number)
        self._steps: tuple[Callable[[Path], None], ...] = (
            self._replace,
            self._replace,
            self._swap,
            self._swap,
            self._move,
            self._truncate,
            self._remove,
        )

    def step(self) -> None:
        """Change something; what cannot be done because of an earlier change is no matter."""
        with suppress(OSError):
            self._random.choice(self._steps)(self._some_path())

    def run(self, stop: threading.Event) -> None:
        """Change until told to stop."""
        while not stop.is_set():
            self.step()

    def trace(self, frame: FrameType, event: str, _argument: object) -> TraceFunction | None:
        """Change something between two lines of the collector, now and then."""
        if event == "line" and self._random.randrange(_LINES) == 0:
            self.step()
        return self.trace if frame.f_code.co_filename == _COLLECTOR else None

    def _some_path(self) -> Path:
        path = self._place.work
        for _ in range(self._random.choice((1, 1, 1, 2, 2, 3))):
            path = path / self._random.choice(_NAMES)
        # Never through a link: what lies outside would be changed.
        return path if not any(parent.is_symlink() for parent in path.parents) else self._place.work / "a"

    def _replace(self, path: Path) -> None:
        self._remove(path)
        self._place.make(path, self._random.choice(self._KINDS))

    def _swap(self, path: Path) -> None:
        """Put a link where a file or folder was, in one step, as who wins a race would."""
        link = self._place.work / ".link"
        link.unlink(missing_ok=True)
        link.symlink_to(self._place.outside if path.is_dir() else self._place.outside / "canary")
        if path.is_dir() and not path.is_symlink():
            path.rename(path.with_name(f"moved-{self._random.randint(0, 3)}"))
        link.rename(path)

    def _move(self, path: Path) -> None:
        path.rename(self._some_path())

    def _truncate(self, path: Path) -> None:
        if path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1:
            os.truncate(path, self._random.choice((0, 1, 150, 1 << 33)))

    def _remove(self, path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)


def collector_takes_what_is_inside_alone(tree: Tree, limits: _Limits, number: int, *, at_once: bool) -> None:
    """It ends, follows no link, reads nothing from outside, keeps the limits, and leaves nothing open.

    Args:
        tree: To begin with.
        limits: Of what is collected.
        number: Of the changes.
        at_once: Whether another thread makes them, or this one, between two lines of the collector: so each
            moment is hit, and the same one again for the same number.
    """
    with tempfile.TemporaryDirectory() as temporary:
        place = _Place(Path(temporary))
        place.plant(place.work, tree)
        before = len(os.listdir("/proc/self/fd"))
        mutator = _Mutator(place, number)

        with _changing(mutator) if at_once else nullcontext():
            for _ in range(_ROUNDS):
                _is_plain(_collected(place.work, limits, None if at_once else mutator.trace), limits)

        assert len(os.listdir("/proc/self/fd")) == before
        assert (place.outside / "canary").read_bytes() == _CANARY


@contextmanager
def _changing(mutator: _Mutator) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=mutator.run, args=(stop,), daemon=True)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_DEADLINE_SECONDS)
        sys.setswitchinterval(interval)


def _collected(work: Path, limits: _Limits, trace: TraceFunction | None) -> tuple[Artifact, ...]:
    """Collect in a thread of its own, to notice when that does not end."""
    outcome: list[tuple[Artifact, ...] | BaseException] = []
    folder = os.open(work, os.O_RDONLY | os.O_DIRECTORY)

    def run() -> None:
        sys.settrace(trace)
        try:
            outcome.append(collect(folder, **limits._asdict(), unchanged={"a": _INSIDE}))
        except BaseException as error:  # raised again, in the thread that waits
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_DEADLINE_SECONDS)
    assert not thread.is_alive(), "the collector does not end"
    os.close(folder)
    [ended] = outcome
    if isinstance(ended, BaseException):
        raise ended
    return ended


def _is_plain(found: tuple[Artifact, ...], limits: _Limits) -> None:
    assert len(found) <= limits.max_count + 1
    assert sum(len(artifact.data) for artifact in found) <= limits.max_bytes
    for artifact in found:
        artifact.name.encode()
        assert artifact.name.count("/") < MAX_DEPTH
        assert _CANARY[:4] not in artifact.data
        assert artifact.skipped is None or not artifact.data


TARGETS = (
    Target(
        "files of a program that goes on",
        collector_takes_what_is_inside_alone,
        {
            "tree": _TREES,
            "limits": st.builds(_Limits, st.sampled_from([0, 1, 150, 1 << 16]), st.integers(0, 12)),
            "number": st.integers(0, 1 << 32),
            "at_once": st.booleans(),
        },
        examples=10,
    ),
)
