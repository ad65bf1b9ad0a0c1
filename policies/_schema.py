"""The JSON schema of a policy, written to `docs/policy.schema.json`."""

import msgspec

from ._policy import Policy


def schema_text() -> str:
    """Return the JSON schema of `Policy`, indented, with a final newline."""
    schema = msgspec.json.schema(Policy)
    return msgspec.json.format(msgspec.json.encode(schema, order="deterministic"), indent=2).decode() + "\n"
