"""Combine two policies into one that allows only what both allow."""

from collections.abc import Sequence

import msgspec

from ._base import PolicyError
from ._policy import Compile, Docker, Gpu, Isolation, Limits, Mount, Network, Packages, Policy


def narrow(outer: Policy, inner: Policy) -> Policy:
    """Return the policy that allows what `outer` and `inner` both allow.

    Raises:
        PolicyError: Their required isolations exclude each other, or they name different containers.
    """
    return Policy(
        limits=_limits(outer.limits, inner.limits),
        network=_network(outer.network, inner.network),
        mounts=_mounts(outer.mounts, inner.mounts),
        env={name: value for name, value in inner.env.items() if outer.env.get(name) == value},
        gpu=_gpu(outer.gpu, inner.gpu),
        packages=_packages(outer.packages, inner.packages),
        compile=_compile(outer.compile, inner.compile),
        docker=_docker(outer.docker, inner.docker),
        isolation=_isolation(outer.isolation, inner.isolation),
    )


def _limits(outer: Limits, inner: Limits) -> Limits:
    lower = {name: min(getattr(outer, name), getattr(inner, name)) for name in Limits.__struct_fields__}
    return msgspec.structs.replace(outer, **lower)


def _compile(outer: Compile, inner: Compile) -> Compile:
    names = [name for name in Compile.__struct_fields__ if name != "flags"]
    lower = {name: min(getattr(outer, name), getattr(inner, name)) for name in names}
    # What one side writes as a pattern the other may have spelled out.
    both = (*inner.flags, *(flag for flag in outer.flags if flag not in inner.flags))
    flags = tuple(flag for flag in both if allows_flag(outer.flags, flag) and allows_flag(inner.flags, flag))
    return msgspec.structs.replace(outer, flags=flags, **lower)


def allows_flag(patterns: Sequence[str], flag: str) -> bool:
    """Whether all that a flag or pattern stands for is covered by one of the patterns.

    A pattern with `*` at its end covers whatever begins so.
    """
    return any(_covers(pattern, flag) for pattern in patterns)


def _covers(pattern: str, flag: str) -> bool:
    return flag.startswith(pattern[:-1]) if pattern.endswith("*") else flag == pattern


def _network(outer: Network, inner: Network) -> Network:
    hosts = tuple(host for host in inner.allow if host in outer.allow)
    return Network(mode="allow-list", allow=hosts) if hosts else Network()


def _mounts(outer: tuple[Mount, ...], inner: tuple[Mount, ...]) -> tuple[Mount, ...]:
    return tuple(mount for mount in inner if mount in outer)


def _gpu(outer: Gpu, inner: Gpu) -> Gpu:
    if outer == "all":
        return inner
    if inner == "all":
        return outer
    shared = tuple(device for device in inner if device in outer)
    return "none" if "none" in (outer, inner) or not shared else shared


def _packages(outer: Packages, inner: Packages) -> Packages:
    return "none" if "none" in (outer, inner) else "prefetched"


def _docker(outer: Docker, inner: Docker) -> Docker:
    """Take what either side asks for: neither part gives a program any power, both only say where it runs."""
    for name in Docker.__struct_fields__:
        ours, theirs = getattr(outer, name), getattr(inner, name)
        if ours and theirs and ours != theirs:
            message = f"required by one side: {ours!r}, by the other: {theirs!r}"
            raise PolicyError(message, key=f"docker.{name}")
    return Docker(image=outer.image or inner.image, runtime=outer.runtime or inner.runtime)


def _isolation(outer: Isolation, inner: Isolation) -> Isolation:
    if outer.require and inner.require:
        require = tuple(name for name in inner.require if name in outer.require)
        if not require:
            message = f"required by one side: {list(outer.require)}, by the other: {list(inner.require)}"
            raise PolicyError(message, key="isolation.require")
    else:
        require = outer.require or inner.require
    prefer_isolation = "isolation" in (outer.prefer, inner.prefer)
    return Isolation(
        require=require,
        prefer="isolation" if prefer_isolation else "speed",
        require_cgroups=outer.require_cgroups or inner.require_cgroups,
    )
