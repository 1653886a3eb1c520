"""Building text: formatted fields, joined lines, and taking them apart again."""
from time import perf_counter


def build(rows):
    lines = []
    for row in range(rows):
        name = "item" + str(row)
        lines.append(f"{name.upper()};{row:05d};{row / 4:.2f};{row % 3 == 0}")
    return "\n".join(lines)


def take_apart(text):
    total = 0
    for line in text.split("\n"):
        name, number, _, flag = line.split(";")
        if name.startswith("ITEM") and flag.strip() == "True":
            total += int(number)
    return total


rows = 200_000
start = perf_counter()
total = take_apart(build(rows))
seconds = perf_counter() - start
assert total == sum(range(0, rows, 3))
print(f"strings {rows / seconds / 1e6:.3f} Mrows/s")
