from ..constants import PI
from ..square import area


def where():
    return f"deep, {PI} and {area(2)}"
