(;
/*
Use a feature that is off: objects of the engine's own collector.

rows = [24, 46]
status = "error"
reason = "compile-failed"
*/
;)
(module (type $list (array (mut i64))) (func (export "_start") (drop (array.new_default $list (i32.const 1000)))))
