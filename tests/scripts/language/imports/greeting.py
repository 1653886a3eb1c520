"""A sibling module for the tests of imports."""
print("greeting is loaded")
PUBLIC = "public"
_private = "private"


def hello(name):
    return f"hello {name}"
