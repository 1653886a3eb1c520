"""Making a task and awaiting its result, one after the other and in batches."""
import asyncio
from time import perf_counter


async def double(number):
    return 2 * number


async def main():
    amount = 100_000
    start = perf_counter()
    total = 0
    for number in range(amount):
        total += await asyncio.create_task(double(number))
    for first in range(0, amount, 100):
        total += sum(await asyncio.gather(*[double(number) for number in range(first, first + 100)]))
    seconds = perf_counter() - start
    assert total == 2 * amount * (amount - 1)
    print(f"spawns {2 * amount / seconds / 1e6:.3f} Mtasks/s")


asyncio.run(main())
