"""What is handed to a waiting guest: one `marshal` dict, then the content of the input files.

`marshal` because the guest reads it before any user code and has no cheaper decoder; it goes one way only.
What comes back is JSON and is decoded strictly (`engine/_protocol.py`).
"""

import marshal
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from engine import Program
from engine._process import Bounds
from policies import Limits, Policy
from runtimes.environments import Environment

_MIB = 1 << 20
#: Bytes that say how long a request is.
_LENGTH = 8
#: The supervisor and nsjail itself are counted in the sandbox's processes; the init of a forked one is not.
EXEC_PIDS, FORK_PIDS = 2, 0
_COMMON_VARIABLES = {
    "HOME": "/box/work",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "TMPDIR": "/tmp",  # noqa: S108  # the guest's own
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "USER": "guest",
}


class Handover(NamedTuple):
    """A program on its way into a sandbox.

    Attributes:
        control: For the trusted part of the guest.
        stdin: For the standard input of the program's process.
        begins_in_report: Whether that process itself says when it begins, on its report pipe.
        ahead: How many bytes may go ahead of the limits, because no code is among them, or because the limits
            are set already: of `control`, or of `stdin` if there is no `control`. A sandbox wakes up while
            the clocks are started.
        is_one_of_many: Whether the process takes another program after this one.
        may_trap: Whether a virtual machine runs the program, which says on the report pipe why it stopped it.
    """

    control: bytes
    stdin: bytes
    begins_in_report: bool = False
    ahead: int = 0
    may_trap: bool = False
    is_one_of_many: bool = False


class Entry(NamedTuple):
    """A module of the guest code that runs a program.

    Attributes:
        module: Its name; it has a function `run(request, pipe)`.
        options: For it: plain data.
    """

    module: str
    options: Mapping[str, object]


def encode_request(
    program: Program,
    policy: Policy,
    *,
    environment: Environment,
    command: tuple[str, ...] | None,
    suffix: str,
    live: bool,
    cgroups: bool,
    entry: Entry | None = None,
    is_one_of_many: bool = False,
) -> Handover:
    """Encode everything that arrives with a program. Input files must have been loaded.

    Args:
        program: What to run.
        policy: Whose limits and environment variables to apply.
        environment: Guest environment that the sandbox was started with.
        command: Program that takes the source file as its last argument before the program's own; None for
            Python itself.
        suffix: Ending of the source file, with the dot.
        live: Whether somebody watches the output as it comes.
        cgroups: Whether memory is limited by a cgroup; else the runner limits its address space.
        entry: What runs the program in place of an interpreter.
        is_one_of_many: Whether its process takes another one afterwards.
    """
    files = [(file.name, 0o400 if file.read_only else 0o600, len(file.data or b"")) for file in program.files]
    request = {
        "command": None if command is None else list(command),
        "suffix": suffix,
        "code": program.code.encode() if isinstance(program.code, str) else program.code,
        "args": list(program.args),
        "env": _environment_variables(program, policy, environment),
        "links": list(environment.links.items()),
        "packages": _packages(environment),
        "live": live,
        "limits": _limits(policy.limits, cgroups=cgroups, is_one_of_many=is_one_of_many),
        "files": files,
        "is_one_of_many": is_one_of_many,
        "entry": None if entry is None else entry.module,
        "options": None if entry is None else entry.options,
    }
    control = b"".join([_framed(request), *(file.data or b"" for file in program.files)])
    return Handover(control, program.stdin, ahead=_LENGTH)


def encode_takeover(
    command: Sequence[str],
    policy: Policy,
    *,
    environment: Environment,
    env: Mapping[str, str],
    descriptors: int,
) -> bytes:
    """Encode the order to become an interpreter that takes its program later, over its standard input.

    Args:
        command: Absolute path in the jail, and arguments.
        policy: Whose limits to apply, as far as they cannot come with the program.
        environment: Guest environment that the sandbox was started with.
        env: Variables on top of those that all programs have.
        descriptors: That the interpreter itself needs, on top of the policy's.
    """
    limits = {
        **_limits(policy.limits, cgroups=True),
        # The cgroup's counts and the disk's size come with the program; these cannot be changed any more.
        "cpu_seconds": None,
        "processes": None,
        "file_bytes": None,
        "open_files": _equal(policy.limits.open_files + descriptors),
    }
    return _framed(
        {
            "takeover": list(command),
            "env": {**_COMMON_VARIABLES, **env},
            "links": list(environment.links.items()),
            "limits": limits,
        }
    )


def encode_setup(
    environment: Environment,
    modules: tuple[str, ...],
    *,
    filter_program: bytes,
    many_users: bool,
    die_at: str | None,
    trace: bool,
) -> bytes:
    """Encode what a zygote needs to know before it takes orders; arguments as in `runtimes/guest/box.py`."""
    setup = {
        "modules": list(modules),
        "packages": _packages(environment),
        "links": list(environment.links.items()),
        "env": _basic_variables(environment),
        "filter": filter_program,
        "many_users": many_users,
        "die_at": die_at,
        "trace": trace,
    }
    return _framed(setup)


def _framed(message: dict[str, Any]) -> bytes:
    payload = marshal.dumps(message)
    return len(payload).to_bytes(_LENGTH, "big") + payload


def bounds_of(policy: Policy, own_pids: int) -> Bounds:
    """Return the bounds of a sandbox's cgroup, with as many processes more as the sandbox itself needs."""
    return Bounds(policy.limits.memory_mib * _MIB, policy.limits.pids + own_pids)


def _packages(environment: Environment) -> str | None:
    return None if environment.packages is None else "/opt/packages"


def _environment_variables(program: Program, policy: Policy, environment: Environment) -> dict[str, str]:
    """Build the whole environment from nothing; the host's own is never looked at."""
    return {**_basic_variables(environment), **policy.env, **program.env}


def _basic_variables(environment: Environment) -> dict[str, str]:
    return {
        **_COMMON_VARIABLES,
        # Compiled copies of input modules are not output files.
        "PYTHONDONTWRITEBYTECODE": "1",
        # One thread per pool: a sandbox has a few processes, not the host's number of cores.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        **environment.env,
    }


def _limits(
    limits: Limits, *, cgroups: bool, is_one_of_many: bool = False
) -> dict[str, tuple[int, int] | None]:
    """Return soft and hard limits of a process; None leaves what the jail has."""
    cpu_seconds = math.ceil(limits.cpu_seconds)
    cpu = _equal(cpu_seconds + 1) if cgroups else (cpu_seconds, cpu_seconds + 1)
    return {
        # With cgroups, the warden's count of the whole tree decides, one second earlier. Without, the signal
        # at the soft limit says what happened; at the hard one it is SIGKILL, which says nothing.
        # A process that runs several programs has used some before; the warden alone counts for each.
        "cpu_seconds": None if is_one_of_many else cpu,
        "file_bytes": _equal(limits.disk_mib * _MIB),
        "open_files": _equal(limits.open_files),
        "processes": _equal(limits.pids + EXEC_PIDS),
        "address_bytes": None if cgroups else _equal(limits.memory_mib * _MIB),
    }


def _equal(value: int) -> tuple[int, int]:
    return value, value
