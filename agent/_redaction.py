"""Taking secrets out of what is written down: those that are known, and what looks like a credential.

This keeps accidents out of transcripts. It cannot stop a program that means to smuggle a secret into its
output: there are more ways to write a text than anyone can list. Programs are given no secrets anyway.
"""

import base64
import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus

import msgspec

REPLACEMENT = "[redacted]"

# Shorter ones stand in ordinary text by chance, and would make holes in it.
_SHORTEST_SECRET = 4
# So many characters of Base64 are no accident.
_SHORTEST_CORE = 8

# Every pattern begins where no word is under way, and what it looks ahead for is near: hostile text of any
# length is read in linear time.
_CREDENTIALS = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (
            r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)",
            re.DOTALL,
        ),
        (r"(?<![\w-])(?:sk|rk|pk)-(?=[\w-]{0,100}\d)[\w-]{20,}", 0),
        (r"(?<![\w-])(?:sk|rk|pk)_(?:live|test)_\w{16,}", 0),
        (r"(?<![\w-])(?:gh[pousr]_\w{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|xox[abeprs]-[\w-]{10,})", 0),
        (r"(?<![\w-])(?:hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{36,}|pypi-[\w-]{40,}|AIza[\w-]{35,})", 0),
        (r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])", 0),
        (r"(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}", 0),
        (r"(?i:\b(?:bearer|authorization: basic) )(?=\S{0,200}\d)(?P<secret>[\w.~+/=-]{16,})", 0),
        (r"://(?P<secret>[^\s/:@\"']{1,100}:[^\s/@\"']{1,200})@", 0),
    )
)
_NAME = (
    r"(?:password|passwd|passphrase|pwd|api[_-]?key|secret[_-]?key|access[_-]?key|access[_-]?token|auth[_-]?token|"
    r"client[_-]?secret)"
)
# After a comma or a bracket, `name=value` is an argument of a call. A value of letters alone may be a
# variable; so it needs a digit or a sign, or a name as environment variables and addresses have.
_ASSIGNMENTS = (
    re.compile(
        rf"{_NAME}[\"']?\s{{0,3}}[:=]\s{{0,3}}(?P<mark>[\"'])"
        r"(?=[^\"'\s]{0,200}[^A-Za-z\"'\s])(?P<secret>[^\"'\s]{6,200})(?P=mark)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?:^|(?<=[\s;&?'\"|])(?<!, ))[\w-]{{0,40}}?{_NAME}=(?=[^\s&(]{{0,200}}[^A-Za-z_.\s(])"
        r"(?P<secret>[^\s&\"'(),;\[\]{}<>]{4,200})(?![\w.]*[(\[])",
        re.IGNORECASE,
    ),
    re.compile(r"[?&](?i:password|token|api_?key|secret)=(?P<secret>[^\s&\"']{4,200})"),
    re.compile(
        r"\b[A-Z][A-Z0-9_]{0,40}(?:PASSWORD|TOKEN|SECRET|API_KEY|SECRET_KEY)=(?P<secret>[^\s\"'()\[\]]{4,200})(?![(\[])"
    ),
)


class Redactor:
    """Replaces secrets in text, and in all text of a step.

    Args:
        secrets: Values that must not be written down; also found where they are escaped for JSON, quoted for
            an address, or in Base64. Those below four characters are left alone.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= _SHORTEST_SECRET for form in _forms(secret)}
        # The longest first: a secret that contains another is replaced whole.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(re.escape(form) for form in ordered)) if ordered else None

    def text(self, text: str) -> str:
        """Return the text with every secret replaced; may be applied twice."""
        if self._known is not None:
            text = self._known.sub(REPLACEMENT, text)
        for pattern in (*_CREDENTIALS, *_ASSIGNMENTS):
            text = pattern.sub(_replacement, text)
        return text

    def step[T: msgspec.Struct](self, step: T) -> T:
        """Return a copy of a step without secrets."""
        return map_text(step, self.text)


def map_text[T: msgspec.Struct](struct: T, change: Callable[[str], str]) -> T:
    """Return a copy in which all text is changed, at any depth; words of a closed set, as a route, stay."""
    fields = {name: _mapped(getattr(struct, name), change) for name in _open_fields(type(struct))}
    return msgspec.structs.replace(struct, **fields)


def _mapped(value: object, change: Callable[[str], str]) -> object:
    match value:
        case str():
            return change(value)
        case msgspec.Struct():
            return map_text(value, change)
        case tuple():
            return tuple(_mapped(item, change) for item in value)
        case list():
            return [_mapped(item, change) for item in value]
        case dict():
            return {_mapped(key, change): _mapped(item, change) for key, item in value.items()}
        case _:
            return value


@functools.cache
def _open_fields(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the fields whose text is free."""
    hints = msgspec.inspect.type_info(struct)
    if not isinstance(hints, msgspec.inspect.StructType):
        return struct.__struct_fields__
    return tuple(
        field.name for field in hints.fields if not isinstance(field.type, msgspec.inspect.LiteralType)
    )


def _replacement(match: re.Match[str]) -> str:
    """Replace the group `secret` of a match, or all of it."""
    if "secret" not in match.re.groupindex:
        return REPLACEMENT
    begin, end = (edge - match.start() for edge in match.span("secret"))
    return f"{match[0][:begin]}{REPLACEMENT}{match[0][end:]}"


def _forms(secret: str) -> Iterator[str]:
    """Yield the ways in which a secret may be written."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    data = secret.encode("utf-8", "surrogatepass")
    for quoted in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield quoted
        yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), quoted)
    yield from _base64_forms(data)


def _base64_forms(data: bytes) -> Iterator[str]:
    """Yield a secret in Base64, alone and inside of more, where it begins at any of three places."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        alone = encode(data).decode("ascii")
        yield alone
        yield alone.rstrip("=")
        for before in range(3):
            core = _core(encode(bytes(before) + data).decode("ascii"), before, len(data))
            if len(core) >= _SHORTEST_CORE:
                yield core


def _core(encoded: str, before: int, length: int) -> str:
    """Return the characters that hold bits of the secret alone."""
    return encoded[-(-before * 8 // 6) : (before + length) * 8 // 6]
