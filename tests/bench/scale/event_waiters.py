"""Tasks that all wait for one event."""
import asyncio
import sys


async def main():
    amount = int(sys.argv[1])
    event = asyncio.Event()
    tasks = [asyncio.create_task(event.wait()) for _ in range(amount)]
    await asyncio.sleep(0)
    event.set()
    woken = 0
    for task in tasks:
        woken += await task
    assert woken == amount


asyncio.run(main())
