"""Stands in for `_opcode`: what tests ask about the instructions of CPython."""

ENABLE_SPECIALIZATION = False
