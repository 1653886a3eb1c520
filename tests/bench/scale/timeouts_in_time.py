"""Timeouts of an hour whose blocks end at once, one after the other."""
import asyncio
import sys


async def main():
    amount = int(sys.argv[1])
    for _ in range(amount):
        async with asyncio.timeout(3600):
            await asyncio.sleep(0)


asyncio.run(main())
