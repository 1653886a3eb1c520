"""Task switches: many tasks that each give way again and again."""
import asyncio
from time import perf_counter


async def give_way(times):
    for _ in range(times):
        await asyncio.sleep(0)


async def main():
    tasks, times = 2_000, 200
    start = perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(tasks):
            group.create_task(give_way(times))
    seconds = perf_counter() - start
    print(f"switches {tasks * times / seconds / 1e6:.3f} Mswitches/s")


asyncio.run(main())
