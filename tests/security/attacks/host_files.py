"""Read what belongs to the host, by path.

rows = [1, 13]
"""

import os

from attempts import attempt, outcome

SECRET = os.environ["CANARY_TEXT_REVERSED"][::-1]


def reads(path):
    with open(path, "rb") as file:
        return file.read(4096)


def holds_secret(path):
    try:
        return SECRET.encode() in reads(path)
    except OSError:
        return False


def secret_anywhere():
    """Look into every file that is small enough to be read quickly; skip what is only the interpreter's."""
    found = []
    for folder, names, files in os.walk("/"):
        names[:] = [
            name
            for name in names
            if f"{folder}/{name}".lstrip("/") not in ("opt/python", "opt/packages", "usr/share", "usr/lib")
        ]
        # Its own pipes would answer when it ends; devices never do.
        names[:] = [name for name in names if name not in ("fd", "map_files") and folder != "/dev"]
        found += [
            f"{folder}/{name}" for name in files if folder != "/dev" and holds_secret(f"{folder}/{name}")
        ]
    return found


for path in (os.environ["CANARY_FILE"], os.environ["CANARY_HOME_FILE"]):
    attempt(f"read {path}", reads, path)
    attempt(f"read it through the root of process 1: {path}", reads, f"/proc/1/root{path}")
    attempt(f"read it by climbing: {path}", reads, "../" * 40 + path)
for path in (
    "/etc/shadow",
    "/etc/machine-id",
    "/etc/ssh/ssh_host_ed25519_key",
    "/root/.bashrc",
    "/proc/kcore",
    "/proc/kallsyms",
    "/proc/config.gz",
    "/proc/cmdline",
    "/proc/meminfo",
    "/proc/net/tcp",
    "/sys/kernel/notes",
    "/dev/mem",
    "/dev/kmsg",
    "/var/run/docker.sock",
):
    attempt(f"read {path}", reads, path)
for path in ("/root", "/home", "/var", "/run", "/sys", "/boot", "/srv", "/work"):
    attempt(f"list {path}", os.listdir, path)
attempt("find the secret in any visible file", secret_anywhere)
result = outcome()
