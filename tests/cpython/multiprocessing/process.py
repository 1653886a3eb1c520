"""Stands in for `multiprocessing.process`."""
