import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent._redaction import REPLACEMENT, Redactor, map_text
from agent._steps import Check, Ran, Routed, Verified


@pytest.mark.parametrize("secret", ["abcd", 'quo"te\\d', "ümlaut key", "a/b+c=d&e", "line one\nline two"])
def test_secret_is_found_in_each_form(secret: str) -> None:
    redactor = Redactor([secret])
    forms = [
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe=""),
        quote(secret, safe="").lower(),
        base64.b64encode(secret.encode()).decode(),
        base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    ]

    shown = [redactor.text(f"before {form} after") for form in forms]

    assert shown == [f"before {REPLACEMENT} after"] * len(forms)


@pytest.mark.parametrize("before", [b"", b"x", b"xy", b"xyz"])
def test_secret_inside_of_base64_is_found_wherever_it_begins(before: bytes) -> None:
    text = base64.b64encode(before + b"correct horse" + b" battery").decode()

    shown = Redactor(["correct horse"]).text(text)

    assert REPLACEMENT in shown
    assert len(shown.replace(REPLACEMENT, "")) < len(text) - 10


def test_secret_of_three_characters_is_left() -> None:
    assert Redactor(["abc", ""]).text("abc") == "abc"


def test_longer_secret_is_replaced_whole() -> None:
    assert Redactor(["open", "open-sesame"]).text("say open-sesame") == f"say {REPLACEMENT}"


@pytest.mark.slow
@given(st.text(min_size=4, max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_no_text_keeps_a_secret(secret: str, before: str, after: str) -> None:
    shown = Redactor([secret]).text(before + secret + after)

    assert secret not in shown.replace(REPLACEMENT, "\0")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key sk-proj-Abc123Def456Ghi789Jkl end", "key [redacted] end"),
        ("sk_live_0123456789abcdef", "[redacted]"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "[redacted]"),
        ("github_pat_0123456789abcdefghijABCDEFGHIJ", "[redacted]"),
        ("AKIAIOSFODNN7EXAMPLE", "[redacted]"),
        ("Authorization: Bearer abcdef0123456789abcdef", "Authorization: Bearer [redacted]"),
        ("eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT4", "[redacted]"),
        ("a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nb", "a\n[redacted]\nb"),
        ("-----BEGIN PRIVATE KEY-----\ncut off", "[redacted]"),
        ("password=hunter22", "password=[redacted]"),
        ('"password": "hunter22"', '"password": "[redacted]"'),
        ("api_key = 'a1b2c3d4'", "api_key = '[redacted]'"),
        ("DB_PASSWORD=letmein", "DB_PASSWORD=[redacted]"),
        ("https://host/?user=me&token=abcdefgh", "https://host/?user=me&token=[redacted]"),
        ("postgres://ann:s3cret@host/db", "postgres://[redacted]@host/db"),
    ],
)
def test_what_looks_like_a_credential_is_replaced(text: str, shown: str) -> None:
    once = Redactor().text(text)

    assert once == shown
    assert Redactor().text(once) == shown


@pytest.mark.parametrize(
    "text",
    [
        "print(sum(range(10**20)))  # 166666666666666666650000000",
        "password = input('password: ')",
        "password = ''.join(choices)",
        "def login(user, password=None): ...",
        "connect(user=user, password=password)",
        "connect(password=settings.password)",
        "password=guess",
        "for token in tokens: secret = token",
        "if password == 'swordfish': ok = True",
        "the password: at least 8 characters",
        "bearer of bad news, internationalization",
        "task-management-system-overview-2024-01 and risk-assessment-of-2023-and-later",
        "sk-learn and ghp_short",
        "x = {'a': 1, 'b': [2, 3]}; y = x['a']",
        "AKIA is short",
        "https://example.org:8080/path@home",
        "3.141592653589793238462643383279502884197",
        "d41d8cd98f00b204e9800998ecf8427e",
    ],
)
def test_programs_and_numbers_are_left(text: str) -> None:
    assert Redactor().text(text) == text


def test_all_text_of_a_step_is_redacted_except_closed_words() -> None:
    redactor = Redactor(["code", "tests"])
    routed = Routed(route="code", language="code", by="rule", why="code", helpers=("code", "b"))
    verified = Verified(number=1, checks=(Check(name="tests", passed=True, detail="tests held"),))

    shown = (redactor.step(routed), redactor.step(verified))

    assert shown[0].route == "code"
    assert (shown[0].language, shown[0].helpers) == (REPLACEMENT, (REPLACEMENT, "b"))
    assert shown[1].checks == (Check(name=REPLACEMENT, passed=True, detail=f"{REPLACEMENT} held"),)


def test_what_is_no_text_stays() -> None:
    ran = Ran(number=3, status="ok", answer=None, seconds=0.5, cpu_ms=1.5)

    assert map_text(ran, str.upper) == Ran(number=3, status="OK", seconds=0.5, cpu_ms=1.5)


@pytest.mark.parametrize(
    "piece", ["sk-", "-----BEGIN PRIVATE KEY", "bearer ", "://a:", "password=", "eyJaaaaaaaa.", "password='a"]
)
def test_hostile_text_is_read_in_linear_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))

    shown = Redactor(["something"]).text(text)

    assert len(shown) <= len(text) + len(REPLACEMENT) * (text.count(piece) + 1)
