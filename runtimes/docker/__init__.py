"""Containers of a Docker daemon on this machine, and the images for them."""

from ._runtime import DockerRuntime

__all__ = ["DockerRuntime"]
