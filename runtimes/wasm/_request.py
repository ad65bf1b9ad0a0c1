"""What is handed to a process that runs modules."""

import msgspec

from engine import Program
from policies import Policy
from runtimes.environments import Environment
from runtimes.jails import Entry, Handover, encode_request

#: Of the process beside the memory of a module: what it writes to of its own copy of the interpreter.
OWN_MEMORY_MIB = 8
#: Descriptors of the process itself, on top of the policy's.
OWN_DESCRIPTORS = 16
_MIB = 1 << 20


def encode_module(
    environment: Environment, program: Program, policy: Policy, live: bool, *, cgroups: bool
) -> Handover:
    """Encode a module for a process that runs this one only."""
    return _encode(environment, program, policy, live, cgroups=cgroups)


def encode_next(
    environment: Environment,
    program: Program,
    policy: Policy,
    live: bool,
    *,
    cgroups: bool,
    name: str,
    is_known: bool,
    is_first: bool,
) -> Handover:
    """Encode one of several modules of a session.

    Args:
        environment: Of the sandbox.
        program: With the machine code.
        policy: Of the session.
        live: Whether somebody watches the output.
        cgroups: Whether a cgroup limits the memory.
        name: Of the module.
        is_known: Whether the process has its code already.
        is_first: Whether no other came before, so that the limits are not set yet.
    """
    options = {"name": name, "stdin": program.stdin}
    changed = msgspec.structs.replace(program, stdin=b"", **({"code": b""} if is_known else {}))
    handover = _encode(environment, changed, policy, live, cgroups=cgroups, is_one_of_many=True, **options)
    ahead = handover.ahead if is_first else len(handover.control)
    return handover._replace(is_one_of_many=True, ahead=ahead)


def _encode(
    environment: Environment,
    program: Program,
    policy: Policy,
    live: bool,
    *,
    cgroups: bool,
    is_one_of_many: bool = False,
    **more: object,
) -> Handover:
    limits = policy.limits
    granted = msgspec.structs.replace(limits, open_files=limits.open_files + OWN_DESCRIPTORS)
    options = {
        "memory_bytes": (limits.memory_mib - OWN_MEMORY_MIB) * _MIB,
        "wall_seconds": limits.wall_seconds,
        "call": program.call,
        # Its whole environment: what the process has is not for it.
        "env": {**policy.env, **program.env},
        **more,
    }
    handover = encode_request(
        program,
        msgspec.structs.replace(policy, limits=granted),
        environment=environment,
        command=None,
        suffix="",
        live=live,
        cgroups=cgroups,
        entry=Entry("wasm", options),
        is_one_of_many=is_one_of_many,
    )
    return handover._replace(may_trap=True)
