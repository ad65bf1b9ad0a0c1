"""The zygote: an interpreter with everything imported, which forks once per run and never sees a program.

It has one thread, one socket and the standard streams, proves so before it serves, and keeps of each run
only what it needs to say how its process ended.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import gc
import os
import select
import sys
import time

import box  # type: ignore[import-not-found]
import ending  # type: ignore[import-not-found]
import immortal  # type: ignore[import-not-found]
import kernel  # type: ignore[import-not-found]
import order as orders  # type: ignore[import-not-found]
import runner  # type: ignore[import-not-found]  # what its children will become

TYPE_CHECKING = False  # `typing` alone would double a fresh start
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: Descriptors that come with an order beside those of the layout: the namespaces of processes, to fork into,
#: of network and of mounts; the init; a line to the warden.
_EXTRA = 5
#: How often an expected end is looked for, and how long apart; the zygote does nothing else meanwhile.
_LOOKS = 8
_LOOK_SECONDS = 0.0001


def main(control: int, source: _socket.socket, *, sender: int) -> None:
    """Prepare as the engine says, then serve; goes on as the runner in each child.

    Args:
        control: Socket to the engine: the set-up comes, one frame goes back, then it is closed.
        source: Socket from which orders come.
        sender: Process that may send them.
    """
    engine = _socket.socket(fileno=control)
    try:
        setup = runner.receive(engine)
        _mute()
        _preload(setup)
        _assert_clean({0, 1, 2, control, source.fileno()}, setup["env"])
    except BaseException as error:  # a package may raise anything while it is imported
        runner.refuse(engine, error)
    setup["namespaces"] = box.namespaces()
    gc.collect()
    immortal.make_immortal()
    gc.collect()
    gc.freeze()  # a collection in a child would touch, and so copy, every page
    kernel.collapse_memory()
    orders.expect_credentials(source)  # before anybody can send an order
    runner.say(engine, b'{"kind":"ready"}')
    engine.close()
    order = Zygote(source, sender).serve()
    source.detach()  # closed below by number
    ready = box.enter(order, setup)
    rehearsals = _rehearsals(setup)
    del order, setup  # not for the program to find: the number counts the runs before it
    runner.main(box.CONTROL, box.REPORT, ready, rehearsals)


def _rehearsals(setup: dict[str, Any]) -> tuple[Callable[[], None], ...]:
    """Return what the modules of ours that were preloaded want to have done before they get a program."""
    wanted = [sys.modules[name] for name in setup["modules"] if name in runner.ENTRIES]
    return tuple(module.rehearse for module in wanted if hasattr(module, "rehearse"))


def _mute() -> None:
    """Have nobody read what packages print while they are imported, which is no output of a program.

    Of what they write to stderr, the first 64 KiB are kept in the pipe, to say why an import failed.
    """
    os.set_blocking(2, False)
    null = os.open("/dev/null", os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def _preload(setup: dict[str, Any]) -> None:
    """Import what the environment declares, as its programs would find it."""
    os.environ.clear()
    os.environ.update(setup["env"])
    for path, target in setup["links"]:
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        os.symlink(target, path)
    if setup["packages"] is not None:
        sys.path.append(setup["packages"])
    for name in setup["modules"]:
        __import__(name)
    sys.stdout.flush()
    sys.stderr.flush()  # each child would write what is left in the buffers again
    kernel.detach("/box")


#: For threads of imported libraries that have ended.
_ENDING_SECONDS = 0.25


def _assert_clean(descriptors: set[int], environment: dict[str, str]) -> None:
    """See that nothing would be shared by all children beside memory that is copied on write."""
    deadline = time.monotonic() + _ENDING_SECONDS
    while (threads := len(os.listdir("/proc/self/task"))) > 1:
        # One that has ended for Python is not gone for the kernel yet.
        if time.monotonic() > deadline:
            raise RuntimeError(f"threads were started while importing: {threads - 1}")
        time.sleep(0.001)
    with open("/proc/thread-self/children", encoding="ascii") as children:
        if names := children.read():
            raise RuntimeError(f"processes were started while importing: {len(names.split())}")
    with os.scandir("/proc/self/fd") as entries:
        own = {int(entry.name) for entry in entries}
    surplus = [number for number in own - descriptors if os.path.lexists(f"/proc/self/fd/{number}")]
    if surplus:
        names = ", ".join(os.readlink(f"/proc/self/fd/{number}") for number in surplus)
        raise RuntimeError(f"left open while importing: {names}")
    with open("/proc/self/maps", encoding="ascii", errors="replace") as maps:
        shared = [line for line in maps if line.split()[1][1] == "w" and line.split()[1][3] == "s"]
    if shared:
        raise RuntimeError(f"shared memory that can be written: {shared[0].split()[-1]}")
    if dict(os.environ) != environment:
        raise RuntimeError("the environment was changed while importing")


class _Run:
    """What is kept of a run until its process has ended: descriptors, and the process's id."""

    def __init__(self, pid: int, control: int, init: int, over: int) -> None:
        self.pid = pid
        self.process = os.pidfd_open(pid)
        self.control = control
        self.init = init
        self.over = over
        self.is_over = False
        os.set_blocking(over, False)

    def tell(self, wait_status: int) -> None:
        """Tell the engine how the process ended, and then the warden that it has."""
        if not self.is_over:
            self.is_over = True
            _write(self.control, b'{"kind":"exit","wait_status":%d}' % wait_status)
            _send(self.over)

    def close(self) -> None:
        """Let go of the descriptors."""
        orders.close_all((self.process, self.control, self.init, self.over))


class Zygote:
    """The loop: an order comes from the maker, a child is forked, its end is told to the engine.

    Args:
        source: Where orders come from, after `expect_credentials`.
        sender: Process that may send them.
    """

    def __init__(self, source: _socket.socket, sender: int) -> None:
        self._source = source
        self._sender = sender
        self._own_space = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self._lifeline = os.pidfd_open(os.getpid())
        self._runs: dict[int, _Run] = {}
        self._asked: dict[int, _Run] = {}
        self._is_told = ending.is_told()
        self._poller = select.poll()

    def serve(self) -> orders.Order:
        """Serve for ever; returns in each child, with the order that it was forked for."""
        self._poller.register(self._source, select.POLLIN)
        while True:
            for descriptor, _ in self._poller.poll():
                if descriptor in self._runs:
                    self._finish(self._runs[descriptor])
                elif descriptor in self._asked:
                    self._look(self._asked[descriptor])
                elif descriptor == self._source.fileno():
                    order = self._receive()
                    if order is not None and self._fork(order) == 0:
                        order.lifeline = self._lifeline
                        return order

    def _receive(self) -> orders.Order | None:
        try:
            order = orders.receive(self._source, sender=self._sender, extra=_EXTRA)
        except orders.MalformedError:
            return None  # dropped: whoever waits for this child has a deadline of its own
        if order is None:
            os._exit(0)
        return order

    def _fork(self, order: orders.Order) -> int:
        space, _, _, init, over = order.extra
        control = order.streams[box.CONTROL]
        try:
            os.setns(space, os.CLONE_NEWPID)
            process: int = kernel.fork_into(order.cgroup)
        except OSError as error:
            self._give_up(order, error)
            return -1
        if process == 0:
            return 0
        os.setns(self._own_space, os.CLONE_NEWPID)
        run = _Run(process, control, init, over)
        self._runs[run.process] = self._asked[over] = run
        for descriptor in (run.process, over):
            self._poller.register(descriptor, select.POLLIN)
        orders.close_all(number for number in order.descriptors if number not in (control, init, over))
        return process

    def _give_up(self, order: orders.Order, error: OSError) -> None:
        os.setns(self._own_space, os.CLONE_NEWPID)
        reason = os.strerror(error.errno or 0)
        _write(order.streams[box.CONTROL], b'{"kind":"failed","error":"fork: %s"}' % reason.encode())
        _kill(order.extra[-2])
        order.close()

    def _look(self, run: _Run) -> None:
        """See whether a run's process is at its end, which the warden expects.

        The kernel says that a process has ended when it has cleared its memory. That it can do nothing any
        more is true milliseconds earlier.
        """
        word = _read(run.over)
        if word is None:
            return  # what could be read was of another run, whose descriptor had this number
        self._forget(run)  # the warden asks once; or it has given the run up
        for _ in range(_LOOKS if word == b"?" and self._is_told else 0):
            status = ending.wait_status(run.pid)
            if status is not None:
                run.tell(status)
                return
            time.sleep(_LOOK_SECONDS)

    def _finish(self, run: _Run) -> None:
        """Reap a run's process."""
        self._poller.unregister(run.process)
        del self._runs[run.process]
        self._forget(run)
        run.tell(_wait_status(os.waitid(os.P_PIDFD, run.process, os.WEXITED)))
        _kill(run.init)  # and with it whatever else is left of the run
        run.close()

    def _forget(self, run: _Run) -> None:
        """Look at it no more before its end."""
        if self._asked.pop(run.over, None) is not None:
            self._poller.unregister(run.over)


def _wait_status(end: Any) -> int:
    if end.si_code == os.CLD_EXITED:
        return int(end.si_status) << 8
    return int(end.si_status) | (0x80 if end.si_code == os.CLD_DUMPED else 0)


def _kill(init: int) -> None:
    try:
        _signal.pidfd_send_signal(init, _signal.SIGKILL)
    except ProcessLookupError:
        pass


def _read(over: int) -> bytes | None:
    """Return what the warden says: nothing if it has closed its end, None if there is nothing to read."""
    try:
        return os.read(over, 1)
    except BlockingIOError:
        return None
    except ConnectionResetError:
        return b""


def _send(over: int) -> None:
    """Tell the warden. Closing alone would do, but a sibling forked just now may hold a copy for a moment."""
    try:
        os.write(over, b".")
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has given this run up


def _write(control: int, payload: bytes) -> None:
    """Write a frame; who does not read it shall not make us wait."""
    os.set_blocking(control, False)
    try:
        os.write(control, len(payload).to_bytes(4, "big") + payload)
    except OSError:
        pass  # the engine has gone, or given this run up
