/*
Hand the linker a file of the host.

rows = [1, 44]
status = "error"
reason = "compile-failed"
*/
#[link(name = "passwd", kind = "static")]
extern "C" { fn root(); }
fn main() { unsafe { root() } }
