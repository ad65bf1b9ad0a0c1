"""Find the installed runtimes."""

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

from ._host import Host
from ._runtime import Runtime
from ._tiers import Tier

#: Entry points of this group name a `Runtime` class; ours and those of third parties alike.
GROUP = "isorun.runtimes"


def discover(host: Host) -> list[Tier]:
    """Make every installed runtime; what cannot be loaded becomes a tier that says why."""
    return load_all(entry_points(group=GROUP), host)


def load_all(entries: Iterable[EntryPoint], host: Host) -> list[Tier]:
    """Make the runtimes that these entry points name; of two with the same name the first counts."""
    tiers: dict[str, Tier] = {}
    for entry in sorted(entries, key=lambda entry: (entry.name, entry.value)):
        tier = _load(entry, host)
        if tier.candidate.name in tiers:
            tier = Tier.broken(f"{entry.name} ({entry.value})", "another runtime has the same name")
        tiers[tier.candidate.name] = tier
    return list(tiers.values())


def _load(entry: EntryPoint, host: Host) -> Tier:
    try:
        runtime = entry.load()(host)
    except Exception as error:  # code of third parties, imported and constructed
        return Tier.broken(entry.name, f"`{entry.value}` cannot be loaded: {type(error).__name__}: {error}")
    if not isinstance(runtime, Runtime):
        return Tier.broken(entry.name, f"`{entry.value}` is not an `engine.Runtime`")
    return Tier.of(runtime)
