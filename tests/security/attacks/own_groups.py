"""See or leave the control groups, and find a resource limit with room above it.

rows = [16, 23, 24]
"""

import os
import resource

from attempts import attempt, outcome, survives, system_call, works

_NEW_CGROUP_NAMESPACE = 0x2000000
LIMITS = {name: getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
#: What the policy sets; each must have a number.
SET = ("RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_CORE", "RLIMIT_MEMLOCK")


def reads(path):
    with open(path, "rb") as file:
        return file.read()


def names_of_groups():
    """Return groups that do not read as the root: they would name what is outside."""
    with open("/proc/self/cgroup") as table:
        return [line for line in table if line.rstrip("\n").split(":", 2)[2] != "/"]


def mounted_groups():
    with open("/proc/self/mountinfo") as table:
        return [line for line in table if " - cgroup" in line]


def has_room(number):
    soft, hard = resource.getrlimit(number)
    return soft != hard and (soft, hard)


def exceeds(number):
    soft, hard = resource.getrlimit(number)
    if hard == resource.RLIM_INFINITY:
        return False
    resource.setrlimit(number, (soft, hard + 1))
    return True


def leaves_by_namespace():
    return survives(lambda: system_call(272, _NEW_CGROUP_NAMESPACE) == 0)


attempt("names of groups", names_of_groups)
attempt("mounted groups", mounted_groups)
for path in ("/sys", "/sys/fs/cgroup", "/proc/cgroups", "/proc/self/root/sys/fs/cgroup"):
    attempt(f"see {path}", lambda path=path: os.path.lexists(path))
attempt("join another", lambda: works(os.open, "/sys/fs/cgroup/pids/tasks", os.O_WRONLY))
attempt("a namespace of groups", leaves_by_namespace)
for name, number in LIMITS.items():
    attempt(f"room in {name}", has_room, number)
    attempt(f"raise {name}", exceeds, number)
    attempt(
        f"limits of the parent {name}", lambda n=number: os.getppid() and resource.prlimit(os.getppid(), n)
    )
for name in SET:
    attempt(f"no {name}", lambda name=name: resource.getrlimit(LIMITS[name])[1] == resource.RLIM_INFINITY)
result = outcome()
