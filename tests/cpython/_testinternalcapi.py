"""Stands in for `_testinternalcapi`: a test of the inside of CPython is skipped."""

import sys
import unittest


def get_recursion_depth():
    depth, frame = 0, sys._getframe(1)
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    return depth


def _skip(*args, **kwargs):
    raise unittest.SkipTest("needs the inside of CPython")


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return _skip
