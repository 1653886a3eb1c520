"""`wait_for` around work that ends in time after one wait, and now and then around work that does not."""
import asyncio
from time import perf_counter


async def answer(number):
    await asyncio.sleep(0)
    return number


async def main():
    amount, every = 50_000, 100
    total = late = 0
    start = perf_counter()
    for number in range(amount):
        if number % every == 0:
            try:
                await asyncio.wait_for(asyncio.sleep(60), 0)
            except TimeoutError:
                late += 1
        else:
            total += await asyncio.wait_for(answer(1), 10)
    seconds = perf_counter() - start
    assert late == amount // every and total == amount - late
    print(f"timeouts {amount / seconds / 1e6:.3f} Mwaits/s")


asyncio.run(main())
