"""Stands in for CPython's pickle in C: there is one implementation."""

from pickle import *  # noqa: F403
