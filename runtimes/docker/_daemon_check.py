"""What a daemon says about itself, and what its refusals mean for who wanted a container. Pure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine import PolicyUnsupportedError, RuntimeUnavailableError, SandboxStartError, Template

from ._catalog import IMAGE_LABEL, IMAGES, reference
from ._endpoint import INSTALL_HINT

#: What every image has to have.
NEEDED_HINT = "an image needs `sh` and `tar`, beside what runs the program"


def own_images(listed: list[dict[str, Any]]) -> dict[str, str]:
    """Return the ids of the images that are made as this version makes them, by name."""
    found = {}
    for image in listed:
        name = (image.get("Labels") or {}).get(IMAGE_LABEL, "")
        tags = image.get("RepoTags") or ()
        if name in IMAGES and _is_current(name, tags):
            found[name] = str(image["Id"])
    return found


def _is_current(name: str, tags: Any) -> bool:
    wanted = reference(name)
    return any(str(tag).removeprefix("localhost/") == wanted for tag in tags)


def has_gpus(info: Mapping[str, Any]) -> bool:
    """Whether the daemon is set up to hand out GPUs: by NVIDIA's runtime, or by descriptions of devices."""
    return "nvidia" in (info.get("Runtimes") or {}) or bool(info.get("DiscoveredDevices"))


def check_daemon(info: Mapping[str, Any]) -> None:
    """Refuse a daemon that cannot enforce what every container is promised.

    Raises:
        RuntimeUnavailableError: It says so itself.
    """
    needed = {
        "memory": info.get("MemoryLimit"),
        "memory without swap": info.get("SwapLimit"),
        "processes": info.get("PidsLimit"),
    }
    missing = [name for name, there in needed.items() if not there]
    if missing:
        raise RuntimeUnavailableError(
            f"its daemon cannot limit {' and '.join(missing)}",
            hint="let it have the control groups (a daemon without root needs those of version 2)",
        )
    if not any("seccomp" in option for option in info.get("SecurityOptions") or ()):
        raise RuntimeUnavailableError(
            "its daemon cannot filter system calls", hint="use one that was built with seccomp"
        )


def unreachable(path: Path, error: Exception) -> RuntimeUnavailableError:
    text = str(error)
    if "Permission denied" in text:
        return RuntimeUnavailableError(
            f"this user may not use the daemon at `{path}`",
            hint="become a member of the group that owns the socket (`docker`, which is as good as root), "
            "or set up a daemon without root",
        )
    return RuntimeUnavailableError(f"no daemon answers at `{path}`: {text}", hint=INSTALL_HINT)


def not_started(template: Template, error: Exception) -> SandboxStartError | PolicyUnsupportedError:
    """Say what the daemon's refusal means for who wanted a container."""
    text = str(error)
    if template.policy.gpu not in ("none", ()) and ("device driver" in text or "gpu" in text.lower()):
        return PolicyUnsupportedError(
            f"the daemon cannot give the GPU: {text}", runtime="docker", clause="gpu"
        )
    hint = "see `isorun doctor`"
    if "no space left" in text.lower():
        hint = "the daemon's disk is full: `docker system df` shows by what, `docker system prune` makes room"
    elif "/bin/sh" in text:
        hint = NEEDED_HINT
    return SandboxStartError(f"the daemon does not start a container: {text}", hint=hint)
