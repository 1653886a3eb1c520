"""Counting in dicts: keys that are text and keys that are ints, with `get` and with `in`."""
from time import perf_counter


def words(amount):
    state = 12345
    found = []
    for _ in range(amount):
        state = (state * 1103515245 + 12345) % 2147483648
        found.append("w" + str(state // 65536 % 5000))
    return found


def count(found):
    times = {}
    for word in found:
        times[word] = times.get(word, 0) + 1
    lengths = {}
    for word in found:
        size = len(word)
        if size in lengths:
            lengths[size] += 1
        else:
            lengths[size] = 1
    return times, lengths


found = words(500_000)
start = perf_counter()
times, lengths = count(found)
seconds = perf_counter() - start
assert sum(times.values()) == sum(lengths.values()) == len(found)
print(f"counting {2 * len(found) / seconds / 1e6:.3f} Mcounts/s")
