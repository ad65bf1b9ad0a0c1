"""Honest numbers that a user can reproduce: what sandboxes cost on this machine, and how others compare."""
