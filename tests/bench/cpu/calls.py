"""Calls of script functions: a doubly recursive count of lattice paths, every argument positional."""
from time import perf_counter


def paths(right, down):
    if right == 0 or down == 0:
        return 1
    return paths(right - 1, down) + paths(right, down - 1)


paths(5, 5)
start = perf_counter()
found = paths(10, 10)
seconds = perf_counter() - start
assert found == 184756
# Every path is found by one leaf, and a binary tree of n leaves has n - 1 inner nodes.
print(f"calls {(2 * found - 1) / seconds / 1e6:.3f} Mcalls/s")
