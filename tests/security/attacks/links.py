"""Leave the writable folder by links and by climbing.

rows = [3]
"""

import os

from attempts import attempt, outcome

TARGET = os.environ["CANARY_FILE"]


def through_link(target, suffix=""):
    os.symlink(target, "link")
    try:
        with open("link" + suffix, "rb") as file:
            return file.read(100)
    finally:
        os.unlink("link")


def through_folder_link():
    os.symlink(os.path.dirname(TARGET), "folder")
    try:
        descriptor = os.open("folder", os.O_RDONLY | os.O_DIRECTORY)
        return os.listdir(descriptor)
    finally:
        os.unlink("folder")


def renamed_link():
    os.mkdir("inner")
    os.symlink("../" * 40 + TARGET, "inner/link")
    os.rename("inner/link", "moved")
    with open("moved", "rb") as file:
        return file.read(100)


def hard_link(path):
    os.link(path, f"hard-{os.path.basename(path)}")
    return True


def by_descriptor():
    root = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    descriptor = os.open("../" * 40 + TARGET.lstrip("/"), os.O_RDONLY, dir_fd=root)
    return os.read(descriptor, 100)


attempt("absolute link", through_link, TARGET)
attempt("relative link", through_link, "../" * 40 + TARGET)
attempt("link with a trailing slash", through_link, TARGET, "/")
attempt("link to a folder", through_folder_link)
attempt("renamed link", renamed_link)
attempt("climbing from a descriptor of the root", by_descriptor)
for path in ("/etc/passwd", "/opt/isorun/supervisor.pyc", "/dev/null"):
    attempt(f"hard link to {path}", hard_link, path)
result = outcome()
