"""Process 1 in the zygote's jail: makes a process namespace for each run and passes its order on.

It is not the zygote, because the init of a run shares its memory and must not share the zygote's. It holds
the socket to the warden and one to the zygote, never sees a program, and when it or the zygote ends,
the kernel ends the other one and every run in their namespaces.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import errno
import os
import select

import kernel  # type: ignore[import-not-found]
import order as orders  # type: ignore[import-not-found]
import zygote  # type: ignore[import-not-found]

TYPE_CHECKING = False  # `typing` alone would double a fresh start
if TYPE_CHECKING:
    from typing import NoReturn

#: Descriptors by which the jail is started: the engine's socket for the set-up, the warden's for orders.
CONTROL, CHANNEL = 3, 4
#: The warden is outside of our process namespace, so its id reads as this.
_WARDEN = 0
_MAKER = 1


def main() -> None:
    """Fork the zygote, then serve the warden. Returns never here, and not in the zygote either."""
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    warden = _socket.socket(fileno=CHANNEL)
    orders.expect_credentials(warden)  # before the zygote is ready, and so before anybody sends an order
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    _skip_a_process_id()
    if os.fork() == 0:
        ours.close()
        warden.close()
        zygote.main(CONTROL, theirs, sender=_MAKER)
    theirs.close()
    os.closerange(0, CHANNEL)
    # The kernel reaps the inits; of the zygote's end we learn by its socket.
    _signal.signal(_signal.SIGCHLD, _signal.SIG_IGN)
    Maker(warden, ours).serve()


def _skip_a_process_id() -> None:
    """Have the zygote get another process id than its children will have in their namespaces.

    Libraries that renew their random numbers when `getpid()` has changed must see a change.
    """
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


class _Space:
    """Namespaces for one run, made before it is ordered.

    Their init lives in all of them, so that the kernel takes them apart at its end, which nobody waits for,
    and not at the program's.

    Attributes:
        init: Descriptor of the first process in the process namespace.
        namespaces: Descriptors of the namespaces of processes, network and mounts.
        over: Two ends of a line between the zygote and the warden, about the end of the run.
    """

    def __init__(self, own: list[int]) -> None:
        self.init = -1
        self.namespaces: list[int] = []
        self.over = [end.detach() for end in _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)]
        try:
            os.unshare(os.CLONE_NEWPID | os.CLONE_NEWNET | os.CLONE_NEWNS)
            try:
                self._fill()
            finally:
                for namespace in own:
                    os.setns(namespace)
        except OSError:
            self.end()
            self.close()
            raise

    def _fill(self) -> None:
        process = kernel.start_init()
        try:
            self.init = os.pidfd_open(process)
        except OSError:
            os.kill(process, _signal.SIGKILL)
            raise
        for name in ("pid_for_children", "net", "mnt"):
            self.namespaces.append(_open_namespace(name))

    def end(self) -> None:
        """Have the kernel take it apart."""
        if self.init >= 0:
            _signal.pidfd_send_signal(self.init, _signal.SIGKILL)

    def close(self) -> None:
        """Let go of the descriptors."""
        orders.close_all(number for number in (self.init, *self.namespaces, *self.over) if number >= 0)


class Maker:
    """The loop: an order comes from the warden, gets a space, and goes on to the zygote."""

    def __init__(self, warden: _socket.socket, zygote: _socket.socket) -> None:
        self._warden = warden
        self._zygote = zygote
        self._own = [_open_namespace(name) for name in ("pid", "net", "mnt")]
        self._ready: _Space | None = None
        self._last = 0

    def serve(self) -> NoReturn:
        """Serve for ever."""
        poller = select.poll()
        poller.register(self._warden, select.POLLIN)
        poller.register(self._zygote, select.POLLIN)
        while True:
            ready = [descriptor for descriptor, _ in poller.poll()]
            if self._zygote.fileno() in ready:
                os._exit(1)  # it never writes: it has ended
            self._receive()
            # Not before the first order: by then the zygote has put out of sight what is not for programs.
            self._make_ready()

    def _make_ready(self) -> None:
        if self._ready is None:
            try:
                self._ready = _Space(self._own)
            except OSError:
                return  # the next order tries again, and is told why not

    def _receive(self) -> None:
        try:
            order = orders.receive(self._warden, sender=_WARDEN)
        except orders.MalformedError as problem:
            self._answer(problem.number, errno.EBADMSG)
            return
        if order is None:
            os._exit(0)
        try:
            self._pass_on(order)
        except OSError as problem:
            self._answer(order.number, problem.errno or errno.EIO)
        finally:
            order.close()

    def _pass_on(self, order: orders.Order) -> None:
        """Tell the warden of the init, and the zygote of the namespaces."""
        if order.number <= self._last:
            raise OSError(errno.EALREADY, "a number that was used before")
        self._last = order.number
        space, self._ready = self._ready or _Space(self._own), None
        try:
            for_warden, for_zygote = space.over
            self._answer(order.number, 0, [space.init, for_warden])
            extra = [*space.namespaces, space.init, for_zygote]
            orders.send(self._zygote, order.message, [*order.descriptors, *extra])
        except OSError:
            space.end()  # nobody else may know of it
            raise
        finally:
            space.close()

    def _answer(self, number: int, problem: int, descriptors: list[int] | None = None) -> None:
        orders.send(self._warden, orders.ANSWER.pack(orders.MAGIC, problem, number), descriptors or [])


def _open_namespace(name: str) -> int:
    return os.open(f"/proc/self/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)
