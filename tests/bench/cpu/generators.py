"""Resuming generators: a pipeline of three, and an in-order walk of a tree through `yield from`."""
from time import perf_counter


def numbers(limit):
    number = 0
    while number < limit:
        yield number
        number += 1


def odd(source):
    for number in source:
        if number % 2:
            yield number


def tree(low, high):
    if low >= high:
        return None
    middle = (low + high) // 2
    return tree(low, middle), middle, tree(middle + 1, high)


def walk(node):
    if node is not None:
        left, here, right = node
        yield from walk(left)
        yield here
        yield from walk(right)


amount = 1_000_000
leaves = 100_000
root = tree(0, leaves)
start = perf_counter()
total = sum(number * 2 for number in odd(numbers(amount)))
walked = sum(walk(root))
seconds = perf_counter() - start
assert total == amount * amount // 2 and walked == leaves * (leaves - 1) // 2
# The source yields all, the filter and the expression a half each, the walk every leaf once.
print(f"generators {(2 * amount + leaves) / seconds / 1e6:.3f} Myields/s")
