"""The system calls a jailed program may make, and the same as a kafel policy for nsjail.

Default is refusal with ENOSYS, so that libraries which probe for new calls fall back. Calls whose only use
in here is an attack kill the process, which the result shows as `denied`. `_bpf.py` renders the same lists as
a filter program for the kernel.
"""

from typing import Literal, NamedTuple

#: What interpreters, NumPy, V8 and shells need. No call here reaches beyond the namespaces of the jail; so
#: inotify is missing, which would show what shared library files a sibling opens.
ALLOWED = """
read write open close newstat newfstat newlstat poll lseek mmap mprotect munmap brk rt_sigaction
rt_sigprocmask rt_sigreturn pread64 pwrite64 readv writev access pipe select sched_yield mremap
msync mincore madvise shmget shmat shmctl dup dup2 pause nanosleep getitimer alarm setitimer getpid
connect accept sendto sendfile64 newuname recvfrom sendmsg recvmsg shutdown bind listen getsockname
getpeername setsockopt getsockopt fork vfork execve exit wait4 kill semget semop semctl shmdt msgget
msgsnd msgrcv msgctl fcntl flock fsync fdatasync truncate ftruncate getdents getcwd chdir fchdir
rename mkdir rmdir creat link unlink symlink readlink chmod fchmod chown fchown lchown umask
gettimeofday getrlimit getrusage sysinfo times getuid getgid setuid setgid geteuid getegid setpgid
getppid getpgrp setsid setreuid setregid getgroups setresuid getresuid setresgid getresgid getpgid
setfsuid setfsgid getsid capget rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_sigsuspend
sigaltstack utime mknod statfs fstatfs getpriority sched_setparam sched_getparam sched_setscheduler
sched_getscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval mlock munlock
mlockall munlockall prctl arch_prctl setrlimit sync gettid readahead setxattr lsetxattr fsetxattr
getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr removexattr lremovexattr fremovexattr
tkill time futex sched_setaffinity sched_getaffinity epoll_create getdents64 set_tid_address
restart_syscall semtimedop fadvise64 timer_create timer_settime timer_gettime timer_getoverrun
timer_delete clock_gettime clock_getres clock_nanosleep exit_group epoll_wait epoll_ctl tgkill
utimes mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr waitid openat mkdirat
mknodat fchownat futimesat newfstatat unlinkat renameat linkat symlinkat readlinkat fchmodat
faccessat pselect6 ppoll set_robust_list get_robust_list splice tee sync_file_range utimensat
epoll_pwait signalfd timerfd_create eventfd fallocate timerfd_settime timerfd_gettime accept4
signalfd4 eventfd2 epoll_create1 dup3 pipe2 preadv pwritev rt_tgsigqueueinfo recvmmsg syncfs
sendmmsg getcpu sched_setattr sched_getattr renameat2 seccomp getrandom memfd_create execveat
membarrier mlock2 copy_file_range preadv2 pwritev2 pkey_mprotect pkey_alloc pkey_free statx rseq
close_range openat2 faccessat2 epoll_pwait2
""".split()

#: Without a use in a jail but to attack the kernel, other processes or what mounts hide.
DEADLY = """
ptrace process_vm_readv process_vm_writev bpf userfaultfd kexec_load kexec_file_load init_module
finit_module delete_module open_by_handle_at name_to_handle_at add_key request_key keyctl mount
umount pivot_root chroot setns reboot swapon swapoff acct iopl ioperm move_pages migrate_pages kcmp
lookup_dcookie
""".split()

#: Newer than kafel's table of names: pidfd_getfd, and the mount calls from `open_tree` to `mount_setattr`.
DEADLY_NUMBERS = {"x86_64": (438, 428, 429, 430, 431, 432, 433, 442)}

EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97

#: The errno of what no list names.
DEFAULT_ERRNO = ENOSYS

#: Refused with the errno that programs expect, except where a rule of `CONDITIONS` allows the call.
REFUSED = {
    EAFNOSUPPORT: "socket socketpair".split(),
    EPERM: "clone unshare prlimit64 setpriority personality ioctl perf_event_open syslog".split(),
}

_NAMESPACE_FLAGS = 0x7E020000
_AF_UNIX = 1
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_PERSONALITY_QUERY = 0xFFFFFFFF
_LOW_HALF = 0xFFFFFFFF


class Condition(NamedTuple):
    """A call that is allowed if the last argument named passes the test.

    Arguments are 64 bits wide, of which the kernel reads but the lower half of an `int`. So `in` compares all
    64 bits, while `not in` and `without bits` look at the lower half: garbage above it never helps a program.
    """

    call: str
    arguments: tuple[str, ...]
    test: Literal["in", "not in", "without bits"]
    #: Each fits in 32 bits.
    values: tuple[int, ...]


CONDITIONS = (
    # Threads and processes, no namespaces. clone3 hides its flags: ENOSYS makes libc use clone.
    Condition("clone", ("flags",), "without bits", (_NAMESPACE_FLAGS,)),
    Condition("socket", ("domain",), "in", (_AF_UNIX,)),
    Condition("socketpair", ("domain",), "in", (_AF_UNIX,)),
    # Its own limits only: the supervisor has the same uid.
    Condition("prlimit64", ("pid",), "in", (0,)),
    Condition("setpriority", ("which", "who"), "in", (0,)),
    Condition("personality", ("persona",), "in", (0, _PERSONALITY_QUERY)),
    Condition("ioctl", ("fd", "request"), "not in", (_TIOCSTI, _TIOCLINUX)),
)


def kafel(machine: str) -> str:
    """Return the policy in kafel's language for a machine such as `x86_64`."""
    numbers = [f"SYSCALL[{number}]" for number in DEADLY_NUMBERS.get(machine, ())]
    conditions = [f"    {_guarded(condition)}" for condition in CONDITIONS]
    refused = [f"  ERRNO({errno}) {{ {', '.join(calls)} }}" for errno, calls in REFUSED.items()]
    return "\n".join(
        [
            "POLICY jail {",
            f"  KILL_PROCESS {{ {', '.join([*DEADLY, *numbers])} }},",
            f"  ALLOW {{ {', '.join(ALLOWED)} }},",
            "  ALLOW {",
            ",\n".join(conditions),
            "  },",
            ",\n".join(refused),
            "}",
            f"USE jail DEFAULT ERRNO({DEFAULT_ERRNO})",
        ]
    )


def _guarded(condition: Condition) -> str:
    name = condition.arguments[-1]
    match condition.test:
        case "in":
            tests = " || ".join(f"{name} == {value}" for value in condition.values)
        case "not in":
            # kafel compares both halves of an argument, the kernel reads one: without the mask, a bit above
            # it would let the value through.
            tests = " && ".join(f"({name} & {_LOW_HALF}) != {value}" for value in condition.values)
        case "without bits":
            tests = " && ".join(f"({name} & {value}) == 0" for value in condition.values)
    return f"{condition.call}({', '.join(condition.arguments)}) {{ {tests} }}"
