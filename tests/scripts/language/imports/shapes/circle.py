from . import constants


def area(radius):
    return constants.PI * radius * radius
