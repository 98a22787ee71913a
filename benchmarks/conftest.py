"""Tests of benchmarks have the tools of all tests."""

from tests.conftest import host_compiler, own_places, pytest_collection_modifyitems, qemu

__all__ = ["host_compiler", "own_places", "pytest_collection_modifyitems", "qemu"]
