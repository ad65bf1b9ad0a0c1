"""Read policies from presets and TOML files; every refusal names file and key."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from ._base import PolicyError
from ._policy import Policy

# A policy is a page of text; more is a mistake or an attack on the parser.
MAX_POLICY_BYTES = 256 * 1024
_PRESETS = Path(__file__).parent / "presets"


def preset_names() -> list[str]:
    """Return the names of the built-in policies, sorted."""
    return sorted(entry.stem for entry in _PRESETS.glob("*.toml"))


def load(name_or_path: str | Path) -> Policy:
    """Read a preset by name, or a TOML file by path (anything with a `/` or ending in `.toml`).

    Raises:
        PolicyError: Unknown preset, unreadable file, malformed TOML, unknown key or bad value.
    """
    text = str(name_or_path)
    if is_path(text):
        return parse(_read(Path(text)), source=text)
    return parse(preset_text(text), source=f"preset {text}")


def is_path(text: str) -> bool:
    """Whether a policy is named by the path of its file, and not as a preset."""
    return "/" in text or text.endswith(".toml")


def preset_text(name: str) -> str:
    """Return the TOML of a built-in policy.

    Raises:
        PolicyError: There is no preset of that name.
    """
    if name not in preset_names():
        known = ", ".join(preset_names())
        raise PolicyError(
            f"unknown policy `{name}`",
            hint=f"presets: {known}; a policy file needs a path with `/` or the ending `.toml`",
        )
    return (_PRESETS / f"{name}.toml").read_text(encoding="utf-8")


def parse(text: str, *, source: str = "policy") -> Policy:
    """Turn TOML text into a policy.

    Raises:
        PolicyError: Malformed TOML, unknown key or bad value; `source` and the key are in the message.
    """
    try:
        data: dict[str, Any] = tomllib.loads(text)
    # Not TOMLDecodeError alone: a number of thousands of digits is refused by `int` itself.
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"not valid TOML: {error}", source=source) from error
    return from_dict(data, source=source)


def from_dict(data: dict[str, Any], *, source: str = "policy") -> Policy:
    """Turn nested dicts with kebab-case keys into a policy.

    Raises:
        PolicyError: Unknown key or bad value; `source` and the key are in the message.
    """
    try:
        return msgspec.convert(data, Policy)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, PolicyError):
            cause = error.__cause__
            raise PolicyError(cause.message, source=source, key=cause.key, hint=cause.hint) from error
        raise _with_key(error, source) from error
    except UnicodeEncodeError as error:  # half of a surrogate pair, where a name is expected
        raise PolicyError(f"text that UTF-8 cannot express: {error}", source=source) from error


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_POLICY_BYTES + 1)
    except OSError as error:
        raise PolicyError(f"cannot be read: {error.strerror}", source=str(path)) from error
    if len(data) > MAX_POLICY_BYTES:
        raise PolicyError(f"larger than {MAX_POLICY_BYTES // 1024} KiB", source=str(path))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError("not UTF-8 text", source=str(path)) from error


def _with_key(error: msgspec.ValidationError, source: str) -> PolicyError:
    """Split msgspec's "message - at `$.limits.pids`" into message and key."""
    message, _, path = str(error).partition(" - at ")
    # A bad name in a table is reported as "`key` in `$.env`".
    key = path.removeprefix("`key` in ").strip("`").removeprefix("$.").removeprefix("$")
    unknown = re.search(r"unknown field `([^`]+)`", message)
    if unknown:
        key = f"{key}.{unknown[1]}" if key else unknown[1]
        return PolicyError("unknown key", source=source, key=key, hint="keys: see docs/policy.schema.json")
    return PolicyError(message[:1].lower() + message[1:], source=source, key=key)


def checked(policy: Policy) -> Policy:
    """Return the same policy after checking what a constructor does not: ranges, types and patterns.

    Raises:
        PolicyError: A value is out of range or of the wrong type.
    """
    try:
        data = msgspec.to_builtins(policy)
    except TypeError as error:
        raise PolicyError(str(error)) from error
    return from_dict(data, source="policy")
