"""Which Rust on a machine is taken: it has to have the library of the platform, and a linker."""

from pathlib import Path

import pytest

from engine import RuntimeUnavailableError
from runtimes.wasm import _rust_setup
from runtimes.wasm._rust_setup import find_rust


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any Rust; its programs are in `bin`, rustup's toolchains in `rustup`."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("RUSTUP_HOME", str(tmp_path / "rustup"))
    monkeypatch.setattr(_rust_setup, "_DEBIAN", str(tmp_path / "none"))
    return tmp_path


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def toolchain(sysroot: Path, *targets: str, linker: bool = True, release: str = "1.99.0") -> Path:
    program(sysroot / "bin/rustc", f"echo 'release: {release}'")
    if linker:
        program(sysroot / "lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld", "true")
    for target in targets:
        library = sysroot / "lib/rustlib" / target / "lib/libstd-1.rlib"
        library.parent.mkdir(parents=True)
        library.touch()
    return sysroot


def test_none_is_told_with_how_to_get_it(machine: Path) -> None:
    with pytest.raises(RuntimeUnavailableError, match="no Rust here has the target") as caught:
        find_rust()

    assert "rustup target add wasm32-wasip1" in str(caught.value.hint)


def test_one_without_the_library_is_named(machine: Path) -> None:
    sysroot = toolchain(machine / "rustup/toolchains/stable", "x86_64-unknown-linux-gnu")

    with pytest.raises(RuntimeUnavailableError, match=f"without it: {sysroot}"):
        find_rust()


def test_toolchain_of_rustup_is_found(machine: Path) -> None:
    sysroot = toolchain(machine / "rustup/toolchains/stable", "wasm32-wasip1")

    found = find_rust()

    assert (found.sysroot, found.target, found.release) == (sysroot, "wasm32-wasip1", "1.99.0")
    assert found.linker.name == "rust-lld"


def test_newer_name_of_the_platform_is_preferred(machine: Path) -> None:
    toolchain(machine / "rustup/toolchains/stable", "wasm32-wasi", "wasm32-wasip1")

    assert find_rust().target == "wasm32-wasip1"


def test_one_on_the_path_goes_first_and_may_have_the_old_name(machine: Path) -> None:
    toolchain(machine / "rustup/toolchains/stable", "wasm32-wasi")
    sysroot = toolchain(machine / "opt", "wasm32-wasi")
    program(machine / "bin/rustc", f"echo {sysroot}")

    assert (find_rust().sysroot, find_rust().target) == (sysroot, "wasm32-wasi")


def test_shim_without_a_toolchain_is_passed_over(machine: Path) -> None:
    sysroot = toolchain(machine / "rustup/toolchains/stable", "wasm32-wasip1")
    program(machine / "bin/rustc", "exit 1")

    assert find_rust().sysroot == sysroot


def test_linker_of_the_system_will_do(machine: Path) -> None:
    toolchain(machine / "rustup/toolchains/stable", "wasm32-wasip1", linker=False)
    program(machine / "bin/wasm-ld", "true")

    assert find_rust().linker == machine / "bin/wasm-ld"
