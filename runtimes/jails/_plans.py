"""What a jail shows: of a single program, and of a zygote whose children show the same."""

from collections.abc import Mapping
from pathlib import Path

from policies import Policy
from runtimes.environments import Environment

from ._guest_code import GUEST_CODE
from ._jail import JailPlan
from ._pipes import GUEST_DESCRIPTORS

#: For a zygote's folders during the imports; its children get their own.
_ZYGOTE_DISK_MIB, _ZYGOTE_FILES = 16, 256


def guest_plan(
    environment: Environment, policy: Policy, guest_code: Path, binds: Mapping[str, str]
) -> JailPlan:
    """Return the plan for the jail of one program, which also sees `binds` (host path -> path inside)."""
    return JailPlan(
        root=environment.root,
        binds={**_binds(environment, guest_code), **binds},
        disk_mib=policy.limits.disk_mib,
        file_count=policy.limits.file_count,
        open_descriptors=GUEST_DESCRIPTORS,
    )


def zygote_plan(environment: Environment, guest_code: Path, binds: Mapping[str, str]) -> JailPlan:
    """Return the plan for a zygote's jail."""
    return JailPlan(
        root=environment.root,
        binds={**_binds(environment, guest_code), **binds},
        disk_mib=_ZYGOTE_DISK_MIB,
        file_count=_ZYGOTE_FILES,
        open_descriptors=GUEST_DESCRIPTORS,
        is_zygote=True,
    )


def _binds(environment: Environment, guest_code: Path) -> dict[str, str]:
    binds = {str(guest_code): GUEST_CODE}
    if environment.packages is not None:
        binds[str(environment.packages)] = "/opt/packages"
    return binds
