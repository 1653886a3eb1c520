"""One gather of many coroutines, each of which waits once."""
import asyncio
import sys


async def number(index):
    await asyncio.sleep(0)
    return index


async def main():
    amount = int(sys.argv[1])
    results = await asyncio.gather(*[number(index) for index in range(amount)])
    assert results == list(range(amount))


asyncio.run(main())
