"""Stands in for `_testinternalcapi`: a test of the inside of CPython is skipped."""

import unittest


def _skip(*args, **kwargs):
    raise unittest.SkipTest("needs the inside of CPython")


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return _skip
