/*
Take in a file of the host as a module.

rows = [1, 44]
status = "error"
reason = "compile-failed"
*/
#[path = "/etc/hostname"]
mod hostname;
fn main() {}
