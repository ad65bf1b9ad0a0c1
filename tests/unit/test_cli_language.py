import pytest

from engine.cli._errors import UsageError
from engine.cli._language import language_named, language_of, language_of_shebang


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a.py", "python"),
        ("folder.x/A.PY", "python"),
        ("a.sh", "bash"),
        ("a.bash", "bash"),
        ("a.pl", "perl"),
        ("a.R", "r"),
        ("a.r", "r"),
        ("a.rb", "ruby"),
        ("a.js", "javascript"),
        ("a.mjs", "javascript"),
        ("a.cjs", "javascript"),
        ("a.ts", "typescript"),
        ("a.mts", "typescript"),
    ],
)
def test_ending_names_the_language(path: str, language: str) -> None:
    assert language_of(path, b"") == language


@pytest.mark.parametrize(
    ("line", "language"),
    [
        (b"#!/usr/bin/python3\n", "python"),
        (b"#!/usr/bin/env python3.12\nx", "python"),
        (b"#!/usr/bin/env -S A=1 perl -w\n", "perl"),
        (b"#! /bin/sh", "sh"),
        (b"#!/usr/bin/env Rscript\n", "r"),
        (b"#!/usr/bin/env node\r\n", "javascript"),
        (b"#!/usr/bin/nodejs\n", "javascript"),
        (b"#!/usr/bin/env deno\n", "typescript"),
        (b"#!/usr/bin/env -S deno run --allow-read\n", "typescript"),
        (b"#!/usr/bin/awk -f\n", None),
        (b"#!/usr/bin/env\n", None),
        (b"#!\n", None),
        (b"# comment\n", None),
        (b"\xff\xfe\x00", None),
        (b"", None),
    ],
)
def test_first_line_names_the_language(line: bytes, language: str | None) -> None:
    assert language_of_shebang(line) == language


def test_ending_wins_over_first_line() -> None:
    assert language_of("a.pl", b"#!/usr/bin/python3\n") == "perl"


def test_configured_ending_wins_over_the_built_in_one() -> None:
    assert language_of("a.PL", b"", {".pl": "prolog"}) == "prolog"


def test_first_line_helps_where_the_ending_does_not() -> None:
    assert language_of("script", b"#!/usr/bin/perl\n") == "perl"


@pytest.mark.parametrize("path", ["a.xyz", "script", ".bashrc"])
def test_unknown_language_asks_for_the_option(path: str) -> None:
    with pytest.raises(UsageError) as raised:
        language_of(path, b"print(1)")

    assert "--lang" in raised.value.hint


def test_unknown_ending_lists_the_known_ones() -> None:
    with pytest.raises(UsageError) as raised:
        language_of("a.xyz", b"", {".pro": "prolog"})

    assert ".mjs, .mts, .php, .pl, .pro, .py, " in raised.value.hint


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("js", "javascript"),
        ("ts", "typescript"),
        ("py", "python"),
        ("javascript", "javascript"),
        ("node", "node"),
        ("JS", "JS"),
    ],
)
def test_name_of_a_language_can_be_short(name: str, language: str) -> None:
    assert language_named(name) == language


def test_configured_interpreter_wins_over_a_short_name() -> None:
    assert language_named("ts", {"ts"}) == "ts"
