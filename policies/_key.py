"""Which clauses a sandbox must be started with; everything else arrives with the program."""

from ._policy import Mount, Policy


def key(policy: Policy, *, disk: bool = True) -> tuple[object, ...]:
    """Return the clauses that must be equal for two runs to share a warm pool.

    Mounts, packages, containers and the size of the file system are made when a sandbox starts. Environment,
    arguments, files and the other limits are set when the program is handed over.

    Args:
        policy: Of a run.
        disk: Whether the size of the file system is among them; not where a sandbox that waits can be given
            another one.
    """
    mounts: tuple[Mount, ...] = tuple(sorted(policy.mounts, key=lambda mount: mount.target))
    return (
        policy.network,
        mounts,
        policy.gpu,
        policy.packages,
        policy.docker,
        *((policy.limits.disk_mib, policy.limits.file_count) if disk else ()),
    )
