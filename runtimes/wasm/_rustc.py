"""Command lines of rustc for WebAssembly: pure, and run in a jail only."""

from collections.abc import Sequence

from ._toolchain import TOOLCHAIN

#: Other input files of these endings are seen as modules of the program (`mod name;`).
RUST_ENDINGS = frozenset({".rs"})


def rustc_steps(source: str, flags: Sequence[str], module: str, target: str) -> list[list[str]]:
    """Return the one command that makes a module out of a program and its modules.

    Args:
        source: Name in the working folder.
        flags: On top of ours, so that they win.
        module: Path of what comes out of it.
        target: `wasm32-wasip1`, or `wasm32-wasi` for older compilers.
    """
    return [
        [
            f"{TOOLCHAIN}/bin/rustc",
            "--sysroot",
            TOOLCHAIN,
            "--target",
            target,
            *_edition(flags),
            "-Copt-level=2",
            "-Ccodegen-units=1",
            f"-Clinker={TOOLCHAIN}/bin/wasm-ld",
            "-Clinker-flavor=wasm-ld",
            "-Clink-arg=--threads=1",
            "-Clink-arg=--strip-debug",
            "-Clink-arg=--export-if-defined=errno",
            "--color=never",
            *flags,
            "-o",
            module,
            source,
        ]
    ]


def _edition(flags: Sequence[str]) -> tuple[str, ...]:
    """Return ours unless the program names one: rustc takes it once only."""
    return () if any(flag.startswith("--edition") for flag in flags) else ("--edition=2021",)
