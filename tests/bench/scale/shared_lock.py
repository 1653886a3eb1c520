"""Tasks in line for one lock, every second of which is cancelled while it waits."""
import asyncio
import sys


async def hold(lock):
    async with lock:
        return 1


async def main():
    amount = int(sys.argv[1])
    lock = asyncio.Lock()
    async with lock:
        tasks = [asyncio.create_task(hold(lock)) for _ in range(amount)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(result == 1 for result in results) == amount // 2


asyncio.run(main())
