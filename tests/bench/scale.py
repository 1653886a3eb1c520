"""Runs the programs of `scale/` with an amount and with a quarter of it: is the time linear, the memory bounded?

Each program takes the amount as its argument and checks its own result. Its time is what its process spent
on a processor, start-up included, and its memory the peak of the process; so a busy machine matters little.
`growth` is how much longer one of four times as many takes: 1 is linear. `bytes` is what each of them adds to
the peak.
"""

import argparse
import os
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent / "scale"
AMOUNTS = {
    "sleeping": 1_000_000,
    "event_waiters": 1_000_000,
    "gathered": 100_000,
    "shared_lock": 1_000_000,
    "deep_chain": 50_000,
    "queue_items": 1_000_000,
    "timeouts_in_time": 400_000,
    "cancelled_handles": 1_000_000,
}
PART = 4


def measure(interpreter, name, amount):
    """One run: its seconds on a processor, and the peak of its memory in bytes."""
    process = subprocess.Popen([interpreter, str(FOLDER / f"{name}.py"), str(amount)])
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError(f"{name} {amount}: status {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description="Runs the programs of scale/ at two amounts.")
    parser.add_argument("--asy", required=True, help="the binary")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; the best counts (3)")
    parser.add_argument("names", nargs="*", help="programs to run; all when none is named")
    options = parser.parse_args()
    failed = False
    print(f"{'program':<20}{'amount':>12}{'seconds':>10}{'growth':>8}{'bytes':>8}")
    for name, amount in AMOUNTS.items():
        if options.names and name not in options.names:
            continue
        try:
            runs = [(measure(options.asy, name, amount // PART), measure(options.asy, name, amount))
                    for _ in range(options.rounds)]
        except RuntimeError as error:
            print(error, file=sys.stderr)
            failed = True
            continue
        (part, part_bytes), (whole, whole_bytes) = (tuple(map(min, zip(*side))) for side in zip(*runs))
        each = (whole_bytes - part_bytes) / (amount - amount // PART)
        print(f"{name:<20}{amount:>12,}{whole:>10.3f}{whole / part / PART:>8.2f}{each:>8.0f}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
