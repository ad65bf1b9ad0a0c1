"""Reach sockets of the host by name.

rows = [9]
"""

import os
import socket

from attempts import attempt, outcome


def connects(address, kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_UNIX, kind) as connection:
        connection.connect(address)
        return connection.recv(100) or True


attempt("the harness's abstract socket", connects, "\0" + os.environ["CANARY_SOCKET"])
attempt("the harness's socket in a folder", connects, os.environ["CANARY_SOCKET_PATH"])
for path in (
    "/run/docker.sock",
    "/var/run/docker.sock",
    "/run/dbus/system_bus_socket",
    "/run/systemd/notify",
    "/dev/log",
    "/run/containerd/containerd.sock",
    "/tmp/.X11-unix/X0",
):
    attempt(path, connects, path)
    attempt(f"{path}, by messages", connects, path, socket.SOCK_DGRAM)
attempt("X11", connects, "\0/tmp/.X11-unix/X0")
result = outcome()
