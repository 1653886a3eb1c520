"""Stands in for `unicodedata`, which asy does not have yet: a test that asks it is skipped."""

import unittest


def _skip(*args, **kwargs):
    raise unittest.SkipTest("needs unicodedata")


name = lookup = category = normalize = numeric = decimal = digit = bidirectional = combining = _skip
east_asian_width = mirrored = decomposition = is_normalized = _skip
unidata_version = "15.1.0"
