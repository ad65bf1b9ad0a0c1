"""A result as JSON: everything in it, strict JSON, safe to print."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from ._program import Artifact, Result


def result_to_dict(result: Result, *, inline_files: bool = True) -> dict[str, Any]:
    """Return all fields of a result as data that JSON can express.

    Bytes that are not UTF-8 become U+FFFD in `stdout` and `stderr`; then `stdout_lossy` is true, and
    `stdout_base64` holds the bytes.

    Args:
        result: What happened.
        inline_files: Whether the content of collected files is included, as `base64`.
    """
    fields: dict[str, Any] = {
        "ok": result.ok,
        "status": result.status.value,
        "reason": result.reason.value,
        "exit_code": result.exit_code,
        "signal": result.signal,
        **_stream("stdout", result.stdout_bytes, result.stdout_truncated, result.stdout_dropped_bytes),
        **_stream("stderr", result.stderr_bytes, result.stderr_truncated, result.stderr_dropped_bytes),
        **_value(result),
        "error": None if result.error is None else msgspec.structs.asdict(result.error),
        "files": [_file(artifact, inline=inline_files) for artifact in result.files],
        "stages": {name: msgspec.structs.asdict(stage) for name, stage in result.stages.items()},
        "timing": msgspec.structs.asdict(result.timing),
        "usage": msgspec.structs.asdict(result.usage),
        "isolation": msgspec.structs.asdict(result.isolation),
        "hint": result.hint,
    }
    return {name: _clean(value) for name, value in fields.items()}


def result_to_json(result: Result, *, inline_files: bool = True, indent: int | None = None) -> str:
    """Return a result as one JSON object in ASCII, without a final newline.

    Everything beyond ASCII is escaped, so that no control character of any terminal gets through.
    """
    fields = result_to_dict(result, inline_files=inline_files)
    return json.dumps(fields, allow_nan=False, ensure_ascii=True, indent=indent)


def _stream(name: str, data: bytes, truncated: bool, dropped: int) -> dict[str, Any]:
    text = data.decode("utf-8", "replace")
    lossy = text.encode("utf-8") != data
    fields = {
        name: text,
        f"{name}_lossy": lossy,
        f"{name}_truncated": truncated,
        f"{name}_dropped_bytes": dropped,
    }
    if lossy:
        fields[f"{name}_base64"] = base64.b64encode(data).decode("ascii")
    return fields


def _file(artifact: Artifact, *, inline: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": artifact.name, "size": artifact.size, "skipped": artifact.skipped}
    if artifact.skipped is None:
        fields["sha256"] = hashlib.sha256(artifact.data).hexdigest()
        if inline:
            fields["base64"] = base64.b64encode(artifact.data).decode("ascii")
    return fields


def _value(result: Result) -> dict[str, Any]:
    """The value is the program's own: what cannot be expressed is left out with the reason."""
    try:
        json.dumps(result.value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        return {"value": None, "value_omitted": f"not expressible as JSON: {error}"}
    return {"value": result.value, "value_omitted": result.value_omitted}


def _clean(value: Any) -> Any:
    """Replace what is legal in Python and not in strict JSON: lone surrogates, in text of any depth."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case Mapping():
            return {_clean(str(key)): _clean(item) for key, item in value.items()}
        case list() | tuple():
            return [_clean(item) for item in value]
        case _:
            return value
