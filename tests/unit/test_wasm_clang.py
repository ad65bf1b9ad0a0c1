"""The command lines of the compilers: what is compiled, with which flags, and what is linked."""

import pytest

from runtimes.wasm._clang import clang_steps
from runtimes.wasm._languages import LANGUAGES, MODULE, steps


def test_c_program_is_compiled_and_linked() -> None:
    compile_step, link_step = clang_steps(["main.c"], ["-O3", "-lm"], "/tmp/x.wasm")

    assert compile_step[:2] == ["/opt/tools/compiler/zig", "clang"]
    assert compile_step[-5:] == ["-c", "-o", "/tmp/x.wasm.0.o", "--", "main.c"]
    assert "-O3" in compile_step[compile_step.index("-O2") :]
    assert "-lm" not in compile_step  # it is part of the C library
    assert "/tmp/x.wasm.0.o" in link_step
    assert link_step[-2:] == ["-o", "/tmp/x.wasm"]
    assert not any("c++" in part for part in [*compile_step, *link_step])


def test_every_source_is_compiled_in_its_own_language() -> None:
    first, second, link_step = clang_steps(["main.cpp", "part.c"], ["-std=c++20", "-DX"], "m")

    assert ("-std=c++20" in first, "-std=c++20" in second) == (True, False)
    assert ("-DX" in first, "-DX" in second) == (True, True)
    assert "/opt/tools/compiler/lib/libc++.a" in link_step


@pytest.mark.parametrize(
    ("language", "names", "compiled"),
    [
        ("c", ["a.c", "a.h", "sub/b.c"], ["main.c", "a.c", "sub/b.c"]),
        ("c", ["b.cpp", "a.cc"], ["main.c", "a.cc", "b.cpp"]),
        ("cpp", ["x.hpp"], ["main.cpp"]),
        ("c", ["-x.c"], ["main.c", "-x.c"]),
    ],
)
def test_input_files_are_compiled_too(language: str, names: list[str], compiled: list[str]) -> None:
    commands = steps(LANGUAGES[language], tuple(names), (), "wasm32-wasi")

    assert [command[-1] for command in commands[:-1]] == compiled
    assert all(command[-2] == "--" for command in commands[:-1])


def test_modules_need_no_compiler() -> None:
    assert steps(LANGUAGES["wasm"], (), (), "") == steps(LANGUAGES["wat"], (), (), "") == ()


def test_rust_is_one_command() -> None:
    [command] = steps(LANGUAGES["rust"], ("part.rs",), ("-Copt-level=3",), "wasm32-wasip1")

    assert command[command.index("--target") + 1] == "wasm32-wasip1"
    assert command[-3:] == ("-o", MODULE, "main.rs")
    assert command.index("-Copt-level=3") > command.index("-Copt-level=2")
