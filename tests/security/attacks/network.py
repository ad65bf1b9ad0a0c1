"""Reach anything over a network: the host's loopback, its neighbours, a cloud's metadata.

rows = [8, 10]
"""

import os
import socket

from attempts import attempt, outcome

PORT = int(os.environ["CANARY_PORT"])


def connects(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(0.5)
        connection.connect(address)
        return connection.recv(100) or True


def sends(family, address):
    with socket.socket(family, socket.SOCK_DGRAM) as connection:
        return connection.sendto(b"x", address)


def netlink():
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as connection:
        connection.bind((0, 0))
        return True


for host in ("127.0.0.1", "169.254.169.254", "10.0.0.1", "192.168.0.1", "1.1.1.1"):
    attempt(f"connect to {host}", connects, socket.AF_INET, (host, PORT))
    attempt(f"send to {host}", sends, socket.AF_INET, (host, 53))
attempt("connect to ::1", connects, socket.AF_INET6, ("::1", PORT))
attempt("resolve a name", socket.gethostbyname, "example.com")
attempt("raw packets", socket.socket, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
attempt("ping", socket.socket, socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
attempt("netlink", netlink)
attempt("interfaces", socket.if_nameindex)
attempt("read routes", lambda: open("/proc/self/net/route").read())
attempt("read sockets", lambda: open("/proc/self/net/unix").read().count("\n") > 20)
result = outcome()
