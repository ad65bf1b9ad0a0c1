"""The descriptors between a jail and the host: made together, given away together, closed together."""

import os
import socket
from typing import NamedTuple

#: Numbers in the jail. The supervisor and the runner know them (runtimes/guest).
STDIN, STDOUT, STDERR, CONTROL, REPORT = range(5)
GUEST_DESCRIPTORS = (CONTROL, REPORT)


class Pipes:
    """The host's ends, non-blocking; owned by one sandbox.

    Attributes:
        stdin: Written to.
        stdout: Read from; also `stderr`, `report` (the program's own words) and `log` (nsjail's; -1
            without one).
        control: Socket to the trusted part of the guest: the program goes in, its end comes back.
    """

    def __init__(
        self, *, stdin: int, stdout: int, stderr: int, report: int, log: int, control: socket.socket
    ) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.report = report
        self.log = log
        self.control = control

    def end_stdin(self) -> None:
        """Let the program see the end of its input; idempotent."""
        if self.stdin >= 0:
            os.close(self.stdin)
            self.stdin = -1

    def close(self) -> None:
        """Close all ends; called once."""
        self.end_stdin()
        for descriptor in (self.stdout, self.stderr, self.report, self.log):
            if descriptor >= 0:
                os.close(descriptor)
        self.control.close()


class GuestEnds(NamedTuple):
    """The jail's ends: number in the jail -> descriptor here, and the log's end for nsjail alone."""

    descriptors: dict[int, int]
    log: int

    def close(self) -> None:
        """Close our copies, once the jail has its own."""
        for descriptor in (*self.descriptors.values(), self.log):
            if descriptor >= 0:
                os.close(descriptor)


def make_pipes(owner: int | None, *, log: bool = True) -> tuple[Pipes, GuestEnds]:
    """Make all descriptors of one jail.

    Args:
        owner: Uid that the program will have on the host. Its standard streams are given to it, so that it
            can open `/dev/stdout`; None leaves them ours.
        log: Whether nsjail is there to write one.
    """
    made: list[int] = []
    try:
        for _ in range(5 if log else 4):
            made += os.pipe2(os.O_CLOEXEC)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    except OSError:  # out of descriptors half-way: the first half must not leak
        for descriptor in made:
            os.close(descriptor)
        raise
    stdin_guest, stdin, stdout, stdout_guest, stderr, stderr_guest, report, report_guest = made[:8]
    log_host, log_guest = made[8:] or (-1, -1)
    for descriptor in (stdin, stdout, stderr, report, *made[8:9]):
        os.set_blocking(descriptor, False)
    ours.setblocking(False)
    if owner is not None:
        for descriptor in (stdin_guest, stdout_guest, stderr_guest):
            os.fchown(descriptor, owner, owner)
    guest = {
        STDIN: stdin_guest,
        STDOUT: stdout_guest,
        STDERR: stderr_guest,
        CONTROL: theirs.detach(),
        REPORT: report_guest,
    }
    pipes = Pipes(stdin=stdin, stdout=stdout, stderr=stderr, report=report, log=log_host, control=ours)
    return pipes, GuestEnds(guest, log_guest)
