/*
Read the compiler's own environment.

rows = [13, 44]
exit_code = 0
*/
const SECRETS: [Option<&str>; 3] = [option_env!("TEST_ENGINE_SECRET"), option_env!("SSH_AUTH_SOCK"), option_env!("CARGO_HOME")];
fn main() { assert!(SECRETS.iter().all(|one| one.is_none())); }
