(;
/*
Use a feature that is off: exceptions.

rows = [46]
status = "error"
reason = "compile-failed"
*/
;)
(module (tag $e) (func (export "_start") (throw $e)))
