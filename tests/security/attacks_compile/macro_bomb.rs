/*
Expand macros without end.

rows = [24, 27, 44]
status = ["error", "memory", "timeout", "crashed"]
*/
#![recursion_limit = "100000"]
macro_rules! double { ($($x:tt)*) => { double!($($x)* $($x)*) } }
fn main() { double!(a b c d); }
