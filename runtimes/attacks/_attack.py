"""What is tried: one entry for each class of attacks. The programs are in `programs/TIER/NAME.LANGUAGE`."""

import msgspec

from policies import Limits

#: Enough for every program that ends by itself, and little enough for one that does not.
_BOUNDS = Limits(wall_seconds=10.0, cpu_seconds=5.0, pids=32, disk_mib=16, output_kib=1024)


class Attack(msgspec.Struct, frozen=True, kw_only=True):
    """One class of attacks.

    Attributes:
        name: Of the programs, and of the row in the table.
        tries: What they do.
        rows: Classes of the security checklist, by number, as in the tests.
        statuses: How the run may end if it was contained.
        exit_code: That the result must have, where it is certain.
        limits: Of the run.
        shows_itself: The program says `look` and waits for a moment; its rights are then read from outside.
    """

    name: str
    tries: str
    rows: tuple[int, ...]
    statuses: tuple[str, ...] = ("ok",)
    exit_code: int | None = None
    limits: Limits = _BOUNDS
    shows_itself: bool = False


def _limits(**changes: float) -> Limits:
    return msgspec.structs.replace(_BOUNDS, **changes)


ATTACKS = (
    Attack(
        name="host-files",
        tries="read a file of the host: by its path, by climbing, by links, through `/proc`",
        rows=(1, 3, 4),
    ),
    Attack(
        name="write-outside",
        tries="change a file of the host, make new ones beside it, change the interpreter",
        rows=(3, 5),
    ),
    Attack(
        name="processes",
        tries="see a process of the host, its arguments and its environment",
        rows=(12, 13),
    ),
    Attack(
        name="signals",
        tries="end a process of the host",
        rows=(12, 22),
    ),
    Attack(
        name="network",
        tries="connect to a server on the host's loopback",
        rows=(8, 11),
    ),
    Attack(
        name="unix-sockets",
        tries="connect to unix sockets of the host, by path and by name",
        rows=(9,),
    ),
    Attack(
        name="socket-families",
        tries="open sockets of every other family, and `io_uring`",
        rows=(10,),
    ),
    Attack(
        name="privileges",
        tries="make namespaces, become root, get capabilities or permissions",
        rows=(14, 16),
        shows_itself=True,
    ),
    Attack(
        name="forbidden-call",
        tries="trace a process: a system call that serves attacks alone",
        rows=(12, 15),
        statuses=("denied",),
    ),
    Attack(
        name="kernel-interfaces",
        tries="open switches and memory of the kernel in `/proc`, `/sys` and `/dev`",
        rows=(6, 16),
    ),
    Attack(
        name="descriptors",
        tries="read from descriptors that were left open",
        rows=(18,),
    ),
    Attack(
        name="environment",
        tries="find a secret of the engine in variables, arguments and memory of its own",
        rows=(13,),
    ),
    Attack(
        name="fork-bomb",
        tries="fork beyond the limit",
        rows=(23,),
        statuses=("pids", "error"),  # the fork is refused, and the program fails
        limits=_limits(pids=16),
    ),
    Attack(
        name="memory",
        tries="take more memory than the limit",
        rows=(24,),
        statuses=("memory", "error"),  # the kernel kills it, or it is refused more and fails
        limits=_limits(memory_mib=256),
    ),
    Attack(
        name="disk",
        tries="write more than the limit",
        rows=(26,),
        statuses=("disk", "error"),  # the write is refused, and the program fails
        limits=_limits(disk_mib=4),
    ),
    Attack(
        name="output",
        tries="print without end",
        rows=(32,),
        statuses=("output",),
        limits=_limits(output_kib=64),
    ),
    Attack(
        name="deadline",
        tries="go on after its time, deaf to signals",
        rows=(28,),
        statuses=("timeout",),
        limits=_limits(wall_seconds=1.0),
    ),
    Attack(
        name="leftovers",
        tries="leave processes, threads or timers behind, one of which holds its output open",
        rows=(29, 30, 31),
        statuses=("ok", "timeout"),
        limits=_limits(wall_seconds=1.5),
    ),
    Attack(
        name="forged-end",
        tries="pretend another end: print a result, exit as if killed",
        rows=(36, 39),
        statuses=("error",),
        exit_code=137,
    ),
)
