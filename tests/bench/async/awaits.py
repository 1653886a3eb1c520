"""Awaiting coroutines without a task: a chain that is made, entered and left at every round."""
import asyncio
from time import perf_counter


async def descend(depth):
    if depth == 0:
        return 0
    return 1 + await descend(depth - 1)


async def main():
    depth, rounds = 50, 20_000
    start = perf_counter()
    total = 0
    for _ in range(rounds):
        total += await descend(depth)
    seconds = perf_counter() - start
    assert total == depth * rounds
    print(f"awaits {(depth + 1) * rounds / seconds / 1e6:.3f} Mawaits/s")


asyncio.run(main())
