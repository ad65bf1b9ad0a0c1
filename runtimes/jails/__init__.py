"""Jails of namespaces, mounts, seccomp and cgroups: what every runtime whose programs run in one shares."""

from ._hints import limit_hint
from ._launcher import Jailed
from ._origin import Origin
from ._request import Entry, Handover, encode_request, encode_takeover
from ._runtime import JailRuntime, fits, misfit
from ._sandbox import Detail, JailSandbox, receive_ready
from ._selftest import ensure_proof, run_probe
from ._stage import failure_of, said, stage_of, stage_policy

__all__ = [
    "Detail",
    "Entry",
    "Handover",
    "JailRuntime",
    "JailSandbox",
    "Jailed",
    "Origin",
    "encode_request",
    "encode_takeover",
    "ensure_proof",
    "failure_of",
    "fits",
    "limit_hint",
    "misfit",
    "receive_ready",
    "run_probe",
    "said",
    "stage_of",
    "stage_policy",
]
