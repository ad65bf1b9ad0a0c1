"""Get back what was given up: identities, capabilities, by calls and by executing.

rows = [14]
"""

import ctypes
import os
import struct

from attempts import attempt, in_child, outcome, system_call, works

_PR_SET_KEEPCAPS, _PR_SET_SECUREBITS, _PR_CAPBSET_READ, _PR_CAP_AMBIENT, _PR_SET_DUMPABLE = 8, 28, 23, 47, 4
_VERSION = 0x20080522
_CAPABILITIES = range(64)
#: mov eax, 107 (geteuid); syscall; mov edi, eax; mov eax, 60 (exit); syscall
_CODE = bytes.fromhex("b86b0000000f0589c7b83c0000000f05")
_ADDRESS = 0x400000


def executable():
    """The smallest program that ends with its effective uid."""
    size = 64 + 56 + len(_CODE)
    entry = _ADDRESS + 64 + 56
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, entry, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return head + struct.pack("<IIQQQQQQ", 1, 5, 0, _ADDRESS, _ADDRESS, size, size, 4096) + _CODE


def set_uid_root():
    """Start a set-uid file that could be root's; its exit code is who it is."""
    with open("tool", "wb") as file:
        file.write(executable())
    try:
        os.chown("tool", 0, 0)
    except OSError:
        pass
    os.chmod("tool", 0o6755)
    pid = os.fork()
    if pid == 0:
        os.execv("./tool", ["./tool"])
    status = os.waitpid(pid, 0)[1]
    # It must have started: else this would prove nothing.
    assert os.WIFEXITED(status) and os.WEXITSTATUS(status) in (0, 1000 & 0xFF), status
    return os.WEXITSTATUS(status) == 0


def capability_sets():
    with open("/proc/self/status") as status:
        return [line for line in status if line.startswith("Cap") and int(line.split()[1], 16)]


def sets(effective, permitted, inheritable):
    header = struct.pack("Ii", _VERSION, 0)
    half = struct.pack("III", effective, permitted, inheritable)
    return system_call(126, ctypes.c_char_p(header), ctypes.create_string_buffer(half * 2)) == 0


def is_root_for_its_own():
    """Root of a user namespace would be allowed to mount; such a namespace must not be had."""
    return in_child(lambda: os.unshare(os.CLONE_NEWUSER)) == "done"


attempt("a capability", capability_sets)
for bits in (1 << 21, 0xFFFFFFFF):
    attempt(f"effective {bits:#x}", sets, bits, 0, 0)
    attempt(f"permitted {bits:#x}", sets, bits, bits, 0)
    attempt(f"inheritable {bits:#x}", sets, 0, 0, bits)
for capability in _CAPABILITIES:
    attempt(f"raise {capability}", lambda c=capability: system_call(157, _PR_CAP_AMBIENT, 2, c, 0, 0) == 0)
    attempt(
        f"{capability} in the bounding set",
        lambda c=capability: system_call(157, _PR_CAPBSET_READ, c, 0, 0, 0) > 0,
    )
attempt("securebits", lambda: system_call(157, _PR_SET_SECUREBITS, 1 << 4, 0, 0, 0) == 0)
system_call(157, _PR_SET_KEEPCAPS, 1, 0, 0, 0)
system_call(157, _PR_SET_DUMPABLE, 1, 0, 0, 0)
for call in (os.setuid, os.seteuid, os.setgid, os.setegid):
    attempt(call.__name__, works, call, 0)
for identities in ((0, 0, 0), (-1, 0, -1), (0, -1, -1), (-1, -1, 0)):
    attempt(f"setresuid {identities}", lambda i=identities: os.setresuid(*i) is None)
    attempt(f"setresgid {identities}", lambda i=identities: os.setresgid(*i) is None)
attempt("setfsuid", lambda: system_call(122, 0) == 0 or system_call(122, -1) == 0)
attempt("setgroups", works, os.setgroups, [])
attempt("own a file as root", lambda: works(os.chown, os.getcwd(), 0, 0))
attempt("capabilities of a file", lambda: works(os.setxattr, os.getcwd(), "security.capability", bytes(20)))
attempt("a device", lambda: works(os.mknod, "device", 0o60666, os.makedev(254, 0)))
attempt("a set-uid file that it starts", set_uid_root)
attempt("root of a namespace", is_root_for_its_own)
attempt("still a capability", capability_sets)
result = outcome()
