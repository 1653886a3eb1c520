"""Tasks that all sleep at once and wake up one after the other."""
import asyncio
import sys


async def sleeper(index):
    await asyncio.sleep(0.5 + index % 1000 / 10_000)
    return 1


async def main():
    amount = int(sys.argv[1])
    tasks = [asyncio.create_task(sleeper(index)) for index in range(amount)]
    awake = 0
    for task in tasks:
        awake += await task
    assert awake == amount


asyncio.run(main())
