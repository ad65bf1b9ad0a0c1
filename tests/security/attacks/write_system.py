"""Change the interpreter, the guest code or the system, for the next program.

rows = [5]
"""

import os
import sys

from attempts import attempt, outcome, works

LIBRARY = os.path.dirname(os.__file__)


def writes(path):
    with open(path, "ab") as file:
        file.write(b"x")
    return True


for folder in (
    "/",
    "/etc",
    "/usr",
    "/bin",
    "/lib",
    "/opt",
    "/opt/python",
    LIBRARY,
    "/opt/isorun",
    "/opt/packages",
    "/dev",
    "/mnt",
    "/proc",
    "/proc/1",
    "/box",
):
    if folder != "/box":
        attempt(f"create a file in {folder}", writes, f"{folder}/planted")
        attempt(f"create a folder in {folder}", works, os.mkdir, f"{folder}/planted-folder")
for path in (
    "/etc/passwd",
    os.__file__,
    "/opt/isorun/supervisor.pyc",
    "/opt/isorun/program.pyc",
    sys.executable,
):
    attempt(f"append to {path}", writes, path)
    attempt(f"truncate {path}", works, os.truncate, path, 0)
    attempt(f"unlink {path}", works, os.unlink, path)
    attempt(f"replace {path}", works, os.rename, "/box/tmp/main.py", path)
    attempt(f"chmod {path}", works, os.chmod, path, 0o777)
    attempt(f"chown {path}", works, os.chown, path, 1000, 1000)
    attempt(f"set times of {path}", works, os.utime, path)
    attempt(f"set an attribute of {path}", works, os.setxattr, path, "user.planted", b"x")
attempt("read the interpreter, to find gadgets", lambda: open(sys.executable, "rb").read(4))
result = outcome()
