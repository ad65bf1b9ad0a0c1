"""The warden: a small trusted process beside the engine that owns what must die.

It starts jails inside their cgroups, holds their deadlines, kills them as a whole, reaps them and reads the
kernel's counters. It outlives a killed engine just long enough to end every run and remove every cgroup.
It has one thread, imports the standard library only, and never reads a byte from a guest.
"""
