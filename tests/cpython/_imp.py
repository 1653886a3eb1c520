"""Stands in for `_imp`: no module is frozen and none is written in C, so there is nothing to override."""


def _override_frozen_modules_for_tests(override):
    return None


def _override_multi_interp_extensions_check(override):
    return 0
