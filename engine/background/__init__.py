"""An engine in a process of its own, which the commands and programs of one user share."""
