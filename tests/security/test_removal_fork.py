"""Each defence of a forked sandbox taken away: an attack gets through, or the sandbox refuses to work.

`verify` is taken away too where it would notice, and has its own tests. Four lines are second ones, whose
removal alone changes nothing that can be seen: making the mounts private and forbidding new privileges
(nsjail did both for the zygote), clearing ambient capabilities (a new user namespace has none), and the look
at the lifeline (for a zygote that dies within a few microseconds). Random streams are in a module of their
own.
"""

import ast
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import anyio
import pytest

from engine import Engine, Program, Result
from policies import Limits, Policy
from tests.support.canaries import Canaries
from tests.support.jails import limited, run_python
from tests.support.machine import is_running, until, wardens
from tests.support.zygotes import the_family

from .changed_guest import UNVERIFIED, Change, changed_engine, without_step
from .outside import oom_score, shared_namespaces, status, uid_of
from .test_attacks import attack_policy, attack_program
from .test_pairs import LEAVES, LOOKS, REACHES, WAITS

_PAUSES = "import signal\nprint('ready', flush=True)\nsignal.pause()"

pytestmark = [pytest.mark.jail, pytest.mark.timeout(60)]


def unshared(name: str) -> Change:
    """Do not leave one of the namespaces that are left together."""
    line = "    os.unshare(os.CLONE_NEWIPC | os.CLONE_NEWUTS | os.CLONE_NEWCGROUP)\n"
    return Change("box", line, line.replace(f"os.{name}", "0"))


SAME_NETWORK = Change("box", "    os.setns(network, os.CLONE_NEWNET)", "    network")
SAME_PROCESSES = Change("zygote", "            os.setns(space, os.CLONE_NEWPID)\n")
SAME_IPC = unshared("CLONE_NEWIPC")
SAME_HOST_NAME = unshared("CLONE_NEWUTS")
SAME_GROUP_VIEW = unshared("CLONE_NEWCGROUP")
SAME_MOUNTS = Change("box", "    os.setns(mounts, os.CLONE_NEWNS)", "    mounts")
SAME_USERS = (
    Change("box", "    os.unshare(os.CLONE_NEWUSER)\n"),
    Change("box", '    _write(order.process, "setgroups", "deny")\n'),
    Change("box", '    _write(order.process, "uid_map", f"{_GUEST_UID} {order.uid} 1")\n'),
    Change("box", '    _write(order.process, "gid_map", f"{_GUEST_UID} {order.uid} 1")\n'),
)
SAME_UID = (
    Change("box", '    if setup["many_users"]:', "    if False:"),
    Change("box", "mode=0755,uid={order.uid},gid={order.uid}", "mode=0755,uid=0,gid=0"),
    Change("box", 'uid_map", f"{_GUEST_UID} {order.uid} 1"', 'uid_map", f"{_GUEST_UID} 0 1"'),
    Change("box", 'gid_map", f"{_GUEST_UID} {order.uid} 1"', 'gid_map", f"{_GUEST_UID} 0 1"'),
)
WITH_CAPABILITIES = Change("kernel", '    _check(_libc.capset(header, bytes(24)), "capset")\n')
WITH_BOUNDING_SET = Change("kernel", "for capability in range(_MAX_CAPABILITIES):", "for capability in ():")
DUMPABLE = Change("box", "    kernel.set_dumpable(False)\n")
OUTLIVING = Change("box", "    kernel.die_with_parent()\n")
UNCOUNTED = (
    without_step("join_groups"),
    Change("zygote", "kernel.fork_into(order.cgroup)", "kernel.fork_into(None)"),
)
UNCLOSED = Change("box", "    os.closerange(_LIFELINE + 1, _ALL)\n")
PROC_OF_ZYGOTE = Change(
    "box", '    kernel.mount("proc", "/proc", "proc", flags, "subset=pid,hidepid=invisible")\n'
)
PROC_THAT_SHOWS_MORE = Change("box", '"subset=pid,hidepid=invisible"', '""')
PROC_THAT_IS_WRITTEN = Change("box", "flags = kernel.MS_RDONLY | ", "flags = ")
BOX_WITHOUT_SIZE = Change("box", 'size = f"size={order.disk_bytes},', 'size = f"size=0,')
BOX_WITHOUT_COUNT = Change("box", "nr_inodes={order.file_count}", "nr_inodes=0")
WITHOUT_BOX = Change(
    "box", '    kernel.mount("box", "/box", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)\n'
)


class Removal(NamedTuple):
    """What to take away, and what of an attack gets through then.

    Attributes:
        name: Of the defence.
        changes: That take it away.
        attack: One of the programs in `attacks/`.
        reached: Part of the names of attempts in it that succeed, each at least once.
    """

    name: str
    changes: tuple[Change, ...]
    attack: str
    reached: tuple[str, ...]


REMOVALS = [
    Removal("group view", (SAME_GROUP_VIEW, UNVERIFIED), "own_groups", ("names of groups",)),
    Removal("closed descriptors", (UNCLOSED,), "descriptor_directions", ("1024 is open",)),
    Removal(
        "own /proc", (PROC_OF_ZYGOTE, UNVERIFIED), "covered_proc", ("more than processes", "hides nothing")
    ),
    Removal("own /proc", (PROC_OF_ZYGOTE, UNVERIFIED), "host_files", ("/proc/meminfo",)),
    Removal(
        "options of /proc", (PROC_THAT_SHOWS_MORE, UNVERIFIED), "first_process", ("process 1 is visible",)
    ),
    Removal("read-only /proc", (PROC_THAT_IS_WRITTEN,), "own_proc_files", ("/proc/self/oom_score_adj",)),
    Removal("read-only /proc", (PROC_THAT_IS_WRITTEN,), "covered_proc", ("mount is loose",)),
    Removal("capabilities", (WITH_CAPABILITIES, UNVERIFIED), "privilege", ("a capability",)),
    Removal("capabilities", (WITH_CAPABILITIES, UNVERIFIED), "regained_privilege", ("still a cap",)),
    Removal("bounding set", (WITH_BOUNDING_SET, UNVERIFIED), "regained_privilege", ("21 in the bounding",)),
    Removal(
        "filter",
        (without_step("filter_system_calls"), UNVERIFIED),
        "privilege",
        ("unshare user", "clone user", "clone3 user"),
    ),
    Removal(
        "filter",
        (without_step("filter_system_calls"), UNVERIFIED),
        "socket_families",
        ("family 2", "io_uring"),
    ),
    Removal("filter", (without_step("filter_system_calls"), UNVERIFIED), "foreign_calls", ("int 0x80",)),
    Removal(
        "session of its own",
        (Change("runner", "    os.setsid()\n"),),
        "outside_signals",
        ("session of another",),
    ),
    Removal(
        "resource limits",
        (Change("runner", '        _limit(request["limits"])\n'),),
        "own_groups",
        ("no RLIMIT_FSIZE", "no RLIMIT_CPU"),
    ),
    Removal(
        "nothing to find",
        (Change("zygote", "    del order, setup"),),
        "inherited_memory",
        ("objects that tell of others",),
    ),
    Removal(
        "modules dropped",
        (Change("runner", "        sys.modules.pop(name, None)\n", "        pass\n"),),
        "inherited_memory",
        ("modules of isorun",),
    ),
]


@pytest.mark.parametrize("removal", REMOVALS, ids=lambda one: f"{one.name}-{one.attack}".replace(" ", "_"))
async def test_attack_gets_through_without_its_defence(removal: Removal, canaries: Canaries) -> None:
    async with changed_engine(*removal.changes) as engine:
        result = await engine.run(attack_program(removal.attack, canaries), attack_policy(removal.attack))

    assert_forked(result)
    assert isinstance(result.value, dict), result
    escaped = "\n".join(result.value["escaped"])
    assert [name for name in removal.reached if name not in escaped] == []


def assert_forked(result: Result) -> None:
    assert (result.isolation.path, result.isolation.fallback) == ("fork", None)


REFUSALS = {
    "not in its namespace of users": ((Change("box", "    os.unshare(os.CLONE_NEWUSER)\n"),), "become_user"),
    "groups can be set": (
        (Change("box", '    _write(order.process, "setgroups", "deny")\n'),),
        "become_user",
    ),
    "still the zygote's user": (SAME_UID[:1], "become_user"),
    "nothing to write to": ((WITHOUT_BOX,), "ead-only file system"),
    "users of the zygote": (SAME_USERS, "verify"),
    "network of the zygote": ((SAME_NETWORK,), "shared ['net']"),
    "IPC of the zygote": ((SAME_IPC,), "shared ['ipc']"),
    "host name of the zygote": ((SAME_HOST_NAME,), "shared ['uts']"),
    "group view of the zygote": ((SAME_GROUP_VIEW,), "shared ['cgroup']"),
    "mounts of the zygote": ((SAME_MOUNTS,), "shared ['mnt']"),
    "processes of the zygote": ((SAME_PROCESSES,), "shared ['pid']"),
    "/proc of the zygote": ((PROC_OF_ZYGOTE,), "in sight ['1', "),
    "capabilities": ((WITH_CAPABILITIES,), "verify"),
    "bounding set": ((WITH_BOUNDING_SET,), "verify"),
    "no filter": ((without_step("filter_system_calls"),), "verify"),
    "privileges kept": ((without_step("give_up_privileges"),), "verify"),
    "user kept": ((without_step("become_user"),), "verify"),
    "descriptors of the zygote": ((without_step("take_descriptors"),), ""),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_sandbox_refuses_to_work_without_its_defence(name: str) -> None:
    changes, reason = REFUSALS[name]

    async with changed_engine(*changes) as engine:
        result = await run_python(engine, "pass")

    assert result.isolation.path == "cold"
    assert result.isolation.fallback is not None
    assert reason in result.isolation.fallback


async def test_folders_mounted_in_the_zygotes_namespace_end_its_use() -> None:
    """Without a namespace of mounts, the first sandbox covers the zygote's own `/proc`."""
    async with changed_engine(SAME_MOUNTS) as engine:
        await run_python(engine, "pass")
        second = await run_python(engine, "pass")

    assert second.isolation.path == "cold"


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        pytest.param((), set(), id="none"),
        pytest.param((SAME_NETWORK, UNVERIFIED), {"net"}, id="network"),
        pytest.param((SAME_IPC, UNVERIFIED), {"ipc"}, id="ipc"),
        pytest.param((SAME_HOST_NAME, UNVERIFIED), {"uts"}, id="host_name"),
        pytest.param((SAME_GROUP_VIEW, UNVERIFIED), {"cgroup"}, id="groups"),
        pytest.param((*SAME_USERS, UNVERIFIED), {"user"}, id="users"),
        pytest.param((SAME_MOUNTS, UNVERIFIED), {"mnt"}, id="mounts"),
        pytest.param((SAME_PROCESSES, UNVERIFIED), {"pid"}, id="processes"),
    ],
)
async def test_namespace_that_is_not_left_is_shared_with_the_zygote(
    changes: tuple[Change, ...], kinds: set[str]
) -> None:
    async with changed_engine(*changes) as engine, running(engine) as [program]:
        assert shared_namespaces(program, the_family(wardens()[-1]).zygote) == kinds


@asynccontextmanager
async def running(engine: Engine, count: int = 1) -> AsyncGenerator[list[int]]:
    """Keep programs running; gives their ids on the host."""
    ready = [anyio.Event() for _ in range(count)]
    async with anyio.create_task_group() as tasks:
        for event in ready:
            tasks.start_soon(_run, engine, _PAUSES, event)
        for event in ready:
            await event.wait()
        warden = wardens()[-1]
        yield the_family(warden).programs()
        tasks.cancel_scope.cancel()


async def _run(engine: Engine, code: str, ready: anyio.Event) -> None:
    await engine.run(Program(code=code, environment="base"), emit=lambda output: ready.set())


async def test_network_namespace_is_what_keeps_abstract_sockets_of_siblings_apart() -> None:
    async with changed_engine(SAME_NETWORK, UNVERIFIED) as engine, anyio.create_task_group() as tasks:
        ready = anyio.Event()
        tasks.start_soon(_run, engine, WAITS, ready)
        await ready.wait()

        reached = await run_python(engine, REACHES)

        assert_forked(reached)
        assert reached.value == ["abstract socket"]
        tasks.cancel_scope.cancel()


async def test_ipc_namespace_is_what_keeps_segments_from_the_next_run() -> None:
    async with changed_engine(SAME_IPC, UNVERIFIED) as engine:
        await run_python(engine, LEAVES)
        found = await run_python(engine, LOOKS)

    assert_forked(found)
    assert "segment" in found.value


async def test_user_of_its_own_is_what_tells_siblings_apart() -> None:
    async with changed_engine(*SAME_UID) as engine, running(engine, 2) as siblings:
        zygote = the_family(wardens()[-1]).zygote

        assert {uid_of(pid) for pid in siblings} == {uid_of(zygote)}


async def test_being_undumpable_is_what_closes_memory_to_the_same_user() -> None:
    async with changed_engine(DUMPABLE) as engine, running(engine) as [program]:
        assert os.stat(f"/proc/{program}/mem").st_uid == uid_of(program)


async def test_score_is_what_makes_it_the_first_to_go_when_memory_is_short() -> None:
    change = Change("box", '    _write(order.process, "oom_score_adj", _OOM_SCORE)\n')
    async with changed_engine(change) as engine, running(engine) as [program]:
        assert oom_score(program) < 900


@pytest.mark.parametrize("asks", [True, False])
async def test_program_dies_with_its_zygote_because_it_has_asked_to(asks: bool) -> None:
    """The maker would end it too, and so would the warden; so they are stopped here."""
    changes = () if asks else (OUTLIVING,)
    async with changed_engine(*changes) as engine, running(engine) as [program]:
        warden = wardens()[-1]
        family = the_family(warden)
        for pid in (warden, family.maker):
            os.kill(pid, signal.SIGSTOP)
        os.kill(family.zygote, signal.SIGKILL)
        await until(lambda: not is_running(family.zygote), what="the zygote is dead")

        if asks:
            await until(lambda: not is_running(program), what="the program is dead")
        else:
            await until(lambda: int(status(program)["PPid"]) != family.zygote, what="it has another parent")
            assert is_running(program)
        for pid in (warden, family.maker):
            os.kill(pid, signal.SIGCONT)


MEMORY = "x = bytearray(b'x') * (200 << 20)"


async def test_joined_groups_are_what_bounds_memory() -> None:
    policy = Policy(limits=Limits(memory_mib=64))
    async with changed_engine() as engine:
        bounded = await run_python(engine, MEMORY, policy)
    async with changed_engine(*UNCOUNTED) as engine:
        free = await run_python(engine, MEMORY, policy)

    assert_forked(free)
    assert (bounded.status, free.status) == ("memory", "ok")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (BOX_WITHOUT_SIZE, "for n in range(8): open(f'f{n}', 'wb').write(bytes(1 << 20))"),
        (BOX_WITHOUT_COUNT, "for n in range(100): open(f'f{n}', 'wb').close()"),
    ],
)
async def test_options_of_the_box_are_what_bounds_the_disk(change: Change, code: str) -> None:
    policy = limited(disk_mib=4, file_count=32, artifact_count=0)
    async with changed_engine() as engine:
        bounded = await run_python(engine, code, policy)
    async with changed_engine(change) as engine:
        free = await run_python(engine, code, policy)

    assert_forked(free)
    assert (bounded.status, free.status) == ("disk", "ok")


#: Everything in the list of steps has a test above, by which it would be missed.
TESTED_STEPS = {
    "join_groups",
    "leave_namespaces",
    "take_descriptors",
    "mount_folders",
    "become_user",
    "give_up_privileges",
    "renew_randomness",  # in the module for it
    "filter_system_calls",
    "verify",
}


def test_every_step_is_taken_away_by_a_test(repository: Path) -> None:
    tree = ast.parse((repository / "runtimes/guest/box.py").read_text("utf-8"))
    assigned = {ast.unparse(node.target): node for node in tree.body if isinstance(node, ast.AnnAssign)}
    steps = assigned["STEPS"].value

    assert steps is not None
    assert {name.strip("() ") for name in ast.unparse(steps).split(",")} == TESTED_STEPS
