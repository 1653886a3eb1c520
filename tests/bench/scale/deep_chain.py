"""A chain of coroutines, each awaiting the next, whose end waits many times."""
import asyncio
import sys


async def descend(depth):
    if depth == 0:
        for _ in range(1000):
            await asyncio.sleep(0)
        return 0
    return await descend(depth - 1) + 1


async def main():
    amount = int(sys.argv[1])
    assert await descend(amount) == amount


asyncio.run(main())
