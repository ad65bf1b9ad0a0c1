"""Programs in a jail of namespaces, mounts, seccomp and cgroups, started by nsjail."""

from ._runtime import NsjailRuntime

__all__ = ["NsjailRuntime"]
