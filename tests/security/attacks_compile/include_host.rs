/*
Take in a file of the host as text.

rows = [1, 44]
status = "error"
reason = "compile-failed"
*/
const TEXT: &str = include_str!("/etc/hostname");
fn main() { println!("{}", TEXT); }
