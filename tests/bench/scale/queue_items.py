"""A queue that is filled and then emptied."""
import asyncio
import sys


async def main():
    amount = int(sys.argv[1])
    queue = asyncio.Queue()
    for item in range(amount):
        queue.put_nowait(item)
    for item in range(amount):
        assert await queue.get() == item
        queue.task_done()
    await queue.join()


asyncio.run(main())
