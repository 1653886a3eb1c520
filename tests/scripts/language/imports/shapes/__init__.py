"""A package for the tests of imports."""
from .circle import area as circle_area

NAMES = ["circle", "square"]
