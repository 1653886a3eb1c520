"""A contended lock: every holder gives way inside, so that all others have to wait in line."""
import asyncio
from time import perf_counter


async def worker(lock, times, counter):
    for _ in range(times):
        async with lock:
            before = counter[0]
            await asyncio.sleep(0)
            counter[0] = before + 1


async def main():
    workers, times = 100, 1_000
    lock = asyncio.Lock()
    counter = [0]
    start = perf_counter()
    await asyncio.gather(*[worker(lock, times, counter) for _ in range(workers)])
    seconds = perf_counter() - start
    assert counter[0] == workers * times
    print(f"lock {workers * times / seconds / 1e6:.3f} Mholds/s")


asyncio.run(main())
