"""A bounded queue between several producers and consumers; both ends have to wait."""
import asyncio
from time import perf_counter


async def produce(queue, amount):
    for number in range(amount):
        await queue.put(number)


async def consume(queue, sums):
    while True:
        number = await queue.get()
        sums[0] += number
        queue.task_done()


async def main():
    producers, consumers, amount = 8, 5, 25_000
    queue = asyncio.Queue(16)
    sums = [0]
    start = perf_counter()
    readers = [asyncio.create_task(consume(queue, sums)) for _ in range(consumers)]
    await asyncio.gather(*[produce(queue, amount) for _ in range(producers)])
    await queue.join()
    seconds = perf_counter() - start
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    assert sums[0] == producers * amount * (amount - 1) // 2
    print(f"queue {producers * amount / seconds / 1e6:.3f} Mitems/s")


asyncio.run(main())
