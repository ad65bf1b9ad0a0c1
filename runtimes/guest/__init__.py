"""Code that runs inside the jail. Standard library only, one thread, imports nothing of ours.

These files are compiled and mounted at `/opt/isorun`; `supervisor` is the first process there. Imports are
kept to built-in modules: each further one is paid by every fresh sandbox.
"""
