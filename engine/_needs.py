"""How much memory a program is counted with while it has a turn.

A program is compiled and run one after the other, so the larger of the two limits counts. A compile limit
that is more than all may have counts as all of it: such a program is compiled while no other runs.
"""

from policies import Policy

from ._program import Program
from ._runtime import Capabilities


def memory_of_run(program: Program, policy: Policy, able: Capabilities, *, budget_mib: int) -> int:
    """Return the memory of a program that has a sandbox of its own."""
    is_compiled = program.check or program.language in able.compiles
    return memory_compiled(policy, budget_mib=budget_mib) if is_compiled else policy.limits.memory_mib


def memory_of_session(policy: Policy, able: Capabilities, *, budget_mib: int) -> int:
    """Return the memory of a session: enough for all its programs in one runtime, compiled or not.

    To ask for more later it would have to wait for memory while it holds some, as others may.
    """
    may_compile = bool(able.checks or able.compiles)
    return memory_compiled(policy, budget_mib=budget_mib) if may_compile else policy.limits.memory_mib


def memory_compiled(policy: Policy, *, budget_mib: int) -> int:
    """Return the memory of a program that is compiled before it runs."""
    return max(policy.limits.memory_mib, min(policy.compile.memory_mib, budget_mib))
