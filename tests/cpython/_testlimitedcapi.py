"""Stands in for CPython's module for tests of its C interface: a test that calls it is skipped."""

import unittest


def __getattr__(name):
    raise unittest.SkipTest("about the C interface of CPython")
