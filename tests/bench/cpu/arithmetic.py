"""Loop arithmetic on small ints: the longest Collatz chain below a limit."""
from time import perf_counter


def longest(limit):
    best = best_start = steps = 0
    for first in range(1, limit):
        number = first
        length = 1
        while number != 1:
            if number % 2 == 0:
                number //= 2
            else:
                number = 3 * number + 1
            length += 1
        steps += length
        if length > best:
            best = length
            best_start = first
    return best_start, best, steps


start = perf_counter()
best_start, best, steps = longest(30_000)
seconds = perf_counter() - start
assert (best_start, best) == (26623, 308)
print(f"arithmetic {steps / seconds / 1e6:.3f} Msteps/s")
