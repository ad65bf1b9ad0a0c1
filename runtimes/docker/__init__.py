"""Containers of a Docker daemon on this machine, for what needs a whole distribution."""
