"""Stands in for CPython's datetime in C: there is one implementation."""

from datetime import *  # noqa: F403
