"""Which clauses a sandbox must be started with; everything else arrives with the program."""

from ._policy import Policy


def key(policy: Policy) -> tuple[object, ...]:
    """Return the clauses that must be equal for two runs to share a warm pool.

    Packages, containers and the network are made when a sandbox starts. Mounts, environment, arguments, files
    and limits arrive with the program.
    """
    return policy.network, policy.gpu, policy.packages, policy.docker
