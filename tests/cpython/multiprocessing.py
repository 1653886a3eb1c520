"""Stands in for `multiprocessing`, which asy does not have: a test that starts a process is skipped."""

import sys
import types
import unittest

# A package, of which tests import two modules.
__path__ = []
util = sys.modules["multiprocessing.util"] = types.ModuleType("multiprocessing.util")
process = sys.modules["multiprocessing.process"] = types.ModuleType("multiprocessing.process")
util._cleanup_tests = lambda: None


def get_context(method=None):
    raise unittest.SkipTest("needs processes")
