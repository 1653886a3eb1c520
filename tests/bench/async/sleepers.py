"""Memory of tasks that sleep: growth of the peak resident set for each (kilobytes to the kernel, as on Linux)."""
import asyncio
import resource


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def sleeper():
    await asyncio.sleep(3600)


async def main():
    amount = 200_000
    # The list exists before the first reading: its slots are not the sleepers'.
    tasks = [None] * amount
    before = peak_bytes()
    for index in range(amount):
        tasks[index] = asyncio.create_task(sleeper())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print(f"sleepers {(peak_bytes() - before) / amount:.0f} bytes")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


asyncio.run(main())
