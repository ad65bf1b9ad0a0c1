"""The descriptors between a jail and the host: made together, given away together, closed together."""

import os
import socket
from contextlib import ExitStack
from typing import NamedTuple

#: Numbers in the jail. The supervisor and the runner know them (runtimes/guest).
STDIN, STDOUT, STDERR, STATUS, REQUESTS, REPORT = range(6)
GUEST_DESCRIPTORS = (STATUS, REQUESTS, REPORT)


class Pipes(NamedTuple):
    """The host's ends, non-blocking.

    Attributes:
        stdin: Written to.
        stdout: Read from; also `stderr`, `status` (the supervisor's words), `report` (the program's) and
            `log` (nsjail's own).
        requests: Socket over which the program is handed in.
    """

    stdin: int
    stdout: int
    stderr: int
    status: int
    report: int
    log: int
    requests: socket.socket

    def close(self) -> None:
        """Close all ends."""
        for descriptor in self[:6]:
            os.close(descriptor)
        self.requests.close()


class GuestEnds(NamedTuple):
    """The jail's ends: number in the jail -> descriptor here, and the log's end for nsjail alone."""

    descriptors: dict[int, int]
    log: int

    def close(self) -> None:
        """Close our copies, once the jail has its own."""
        for descriptor in (*self.descriptors.values(), self.log):
            os.close(descriptor)


def make_pipes(owner: int | None) -> tuple[Pipes, GuestEnds]:
    """Make all descriptors of one jail.

    Args:
        owner: Uid that the program will have on the host. Its standard streams are given to it, so that it
            can open `/dev/stdout`; None leaves them ours.
    """
    with ExitStack() as undo:  # running out of descriptors half-way must not leak the first half
        stdin_guest, stdin = _pipe(undo)
        stdout, stdout_guest = _pipe(undo)
        stderr, stderr_guest = _pipe(undo)
        status, status_guest = _pipe(undo)
        report, report_guest = _pipe(undo)
        log, log_guest = _pipe(undo)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        undo.pop_all()
    for descriptor in (stdin, stdout, stderr, status, report, log):
        os.set_blocking(descriptor, False)
    ours.setblocking(False)
    if owner is not None:
        for descriptor in (stdin_guest, stdout_guest, stderr_guest):
            os.fchown(descriptor, owner, owner)
    guest = {
        STDIN: stdin_guest,
        STDOUT: stdout_guest,
        STDERR: stderr_guest,
        STATUS: status_guest,
        REQUESTS: theirs.detach(),
        REPORT: report_guest,
    }
    return Pipes(stdin, stdout, stderr, status, report, log, ours), GuestEnds(guest, log_guest)


def _pipe(undo: ExitStack) -> tuple[int, int]:
    reader, writer = os.pipe2(os.O_CLOEXEC)
    undo.callback(os.close, reader)
    undo.callback(os.close, writer)
    return reader, writer
