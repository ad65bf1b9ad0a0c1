"""All parts that are fuzzed."""

from . import fuzz_archives, fuzz_background, fuzz_collector, fuzz_guest_frames, fuzz_policies
from .hostile import Target

__all__ = ["TARGETS", "Target"]

TARGETS: tuple[Target, ...] = (
    *fuzz_guest_frames.TARGETS,
    *fuzz_background.TARGETS,
    *fuzz_collector.TARGETS,
    *fuzz_policies.TARGETS,
    *fuzz_archives.TARGETS,
)
