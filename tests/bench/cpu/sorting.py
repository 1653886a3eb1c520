"""Sorting lists: ints as they are, tuples, and records by a key function."""
from time import perf_counter


def numbers(amount):
    state = 1
    found = []
    for _ in range(amount):
        state = (state * 48271) % 2147483647
        found.append(state)
    return found


plain = numbers(200_000)
pairs = [(number % 100, number) for number in plain]
records = [{"rank": number % 1000, "id": number} for number in plain]
start = perf_counter()
ascending = sorted(plain)
pairs.sort()
records.sort(key=lambda record: record["rank"], reverse=True)
seconds = perf_counter() - start
assert ascending[0] == min(plain) and pairs[-1][0] == 99 and records[0]["rank"] == 999
print(f"sorting {3 * len(plain) / seconds / 1e6:.3f} Mitems/s")
