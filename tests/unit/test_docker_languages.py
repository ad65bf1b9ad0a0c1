"""How programs are called by their languages: what is seen in a source, and what is not."""

import pytest

from engine import File, Program
from runtimes.docker._build import builder
from runtimes.docker._languages import LANGUAGES, file_name, java_main

MAIN = "public static void main(String[] arguments) { }"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (f"class A {{ {MAIN} }}", "A"),
        (f"public class A {{ {MAIN} }}", "A"),
        (f"class A {{ }} class B {{ {MAIN} }}", "B"),
        (f"class A {{ class Inner {{ }} {MAIN} }}", "A"),
        (f"class A {{ record P(int x) {{ }} enum E {{ X }} {MAIN} }}", "A"),
        (f"record A(int x) {{ {MAIN} }}", "A"),
        (f"enum A {{ X; {MAIN} }}", "A"),
        ("interface A { static void main(String[] a) { } }", "A"),
        (f"/* class X {{ */ class A {{ // class Y {{\n {MAIN} }}", "A"),
        (f"class A {{ String s = \"class B {{ }}}}\"; char c = '}}'; {MAIN} }}", "A"),
        (f'class A {{ String s = """\n class B {{\n"""; {MAIN} }}', "A"),
        (f"class A<T extends Comparable<T>> {{ <U> void f() {{ }} {MAIN} }}", "A"),
        (f"class/**/A {{ {MAIN} }}", "A"),
        (f'class A {{ String s = """ \\""" class B {{ """; {MAIN} }}', "A"),
        (f"/* first */ package p.q; class A {{ {MAIN} }}", "p.q.A"),
        ("class A { void f() { } }", "Main"),
        ("", "Main"),
    ],
)
def test_class_with_main_is_found(source: str, name: str) -> None:
    assert java_main(source) == name


@pytest.mark.parametrize(
    ("source", "file"),
    [
        (f"class A {{ {MAIN} }}", "A.java"),
        (f"class A {{ {MAIN} }} public class B {{ }}", "B.java"),
        (f"package p; public class A {{ {MAIN} }}", "A.java"),
        (f"class A {{ {MAIN} }} public non-sealed class B extends C {{ }}", "B.java"),
        (f"// public class X\npublic final class A {{ {MAIN} }}", "A.java"),
        (f"public sealed interface A permits B {{ }} record B() implements A {{ {MAIN} }}", "A.java"),
    ],
)
def test_file_has_the_name_of_the_public_class(source: str, file: str) -> None:
    program = builder(Program(code=source, language="java"))

    assert program.args[0] == file
    assert program.files[-1] == File(name=file, data=source.encode())


@pytest.mark.parametrize(
    ("source", "ending"),
    [
        ("import fs from 'fs';", "mjs"),
        ("const a = 1;\n  import { b } from './b.mjs';", "mjs"),
        ("import './side.mjs'", "mjs"),
        ("export default 1;", "mjs"),
        ("const fs = require('fs');", "cjs"),
        ("import('fs').then(() => 1);", "cjs"),
        ("const important = 1;", "cjs"),
        ("importThings();", "cjs"),
    ],
)
def test_kind_of_a_module_is_seen_by_its_lines(source: str, ending: str) -> None:
    for language in ("javascript", "node"):
        assert file_name(LANGUAGES[language], source) == f"main.{ending}"


def test_source_that_is_not_text_does_no_harm() -> None:
    assert file_name(LANGUAGES["node"], b"\xff\xfe") == "main.cjs"


def test_input_file_gives_way_to_the_source_of_the_same_name() -> None:
    program = builder(
        Program(code=f"class A {{ {MAIN} }}", language="java", files=(File(name="A.java", data=b"other"),))
    )

    assert [file.name for file in program.files] == ["A.java"]
    assert b"class A" in (program.files[0].data or b"")


@pytest.mark.parametrize(
    "source", ["\n" * 1_000_000, "/* " * 300_000, '"""' + "x " * 500_000, "' " * 500_000]
)
def test_looking_at_a_source_takes_time_in_proportion(source: str) -> None:
    assert java_main(source) == "Main"
    assert file_name(LANGUAGES["node"], source) == "main.cjs"
