"""Calls an hour from now that are all there at once, and cancelled in another order than they were made."""
import asyncio
import sys


async def main():
    amount = int(sys.argv[1])
    loop = asyncio.get_running_loop()
    handles = [loop.call_later(3600 + index % 7, print, index) for index in range(amount)]
    for step in range(3):
        for index in range(step, amount, 3):
            handles[index].cancel()
    await asyncio.sleep(0)


asyncio.run(main())
