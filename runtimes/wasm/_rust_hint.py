"""How to get a compiler for Rust that can compile for WASI."""

RUST_HINT = (
    "with rustup: `rustup target add wasm32-wasip1`; on Debian: "
    "`apt install rustc libstd-rust-dev-wasm32 lld`; then `isorun setup --wasm rust`"
)
