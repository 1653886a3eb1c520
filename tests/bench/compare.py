"""Runs every benchmark under asy and under a reference interpreter and prints the ratios.

Each program prints one line, `NAME FIGURE UNIT`. Rounds of the two interpreters alternate, so that a busy
machine slows both, and the best round of each counts: noise only ever makes a figure worse. A ratio above 1
means asy is ahead. Units that end in `/s` are rates, where more is better; seconds and bytes are costs,
where less is. A group (a folder) ends with the geometric mean of its rates; costs in bytes are not mixed
into it.
"""

import argparse
import math
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
GROUPS = ("cpu", "async")


def measure(interpreter, program, seconds):
    """One run of `program`: its figure and unit. Raises RuntimeError when it fails or says something else."""
    try:
        done = subprocess.run([interpreter, str(program)], capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{interpreter} {program.name}: not done within {seconds:g} s") from None
    except OSError as error:
        raise RuntimeError(f"{interpreter}: {error.strerror}") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"{interpreter} {program.name}: exit status {done.returncode}: {last}")
    words = done.stdout.split()
    if len(words) != 3 or words[0] != program.stem:
        raise RuntimeError(f"{interpreter} {program.name}: expected `{program.stem} FIGURE UNIT`, got {done.stdout!r}")
    return float(words[1]), words[2]


def compare(program, options):
    """The best figures of asy and of the reference, and their unit."""
    asy, reference = [], []
    for _ in range(options.rounds):
        for interpreter, figures in ((options.asy, asy), (options.reference, reference)):
            figure, unit = measure(interpreter, program, options.timeout)
            figures.append(figure)
    best = max if unit.endswith("/s") else min
    return best(asy), best(reference), unit


def geometric_mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def main():
    parser = argparse.ArgumentParser(description="Compares asy with a reference interpreter.")
    parser.add_argument("--asy", required=True, help="the asy binary")
    parser.add_argument("--reference", required=True, help="the interpreter to compare with, as python3.13")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program under each (5)")
    parser.add_argument("--timeout", type=float, default=120, help="seconds one run may take (120)")
    parser.add_argument("names", nargs="*", help="programs to run; all when none is named")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")

    programs = {group: sorted((FOLDER / group).glob("*.py")) for group in GROUPS}
    known = {program.stem for group in programs.values() for program in group}
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"no such program: {', '.join(unknown)}")

    failed = False
    everything = []
    print(f"{'program':<20}{'asy':>12}{'reference':>12}  {'unit':<12}{'ratio':>7}")
    for group, members in programs.items():
        ratios = []
        for program in members:
            if options.names and program.stem not in options.names:
                continue
            try:
                asy, reference, unit = compare(program, options)
            except RuntimeError as error:
                print(f"{group}/{program.stem}: {error}", file=sys.stderr)
                failed = True
                continue
            rate = unit.endswith("/s")
            ratio = asy / reference if rate else reference / asy
            if unit != "bytes":
                ratios.append(ratio)
            print(f"{group + '/' + program.stem:<20}{asy:>12.3f}{reference:>12.3f}  {unit:<12}{ratio:>7.2f}", flush=True)
        if ratios:
            everything += ratios
            print(f"{group + ': geometric mean':<56}{geometric_mean(ratios):>7.2f}")
    if everything:
        print(f"{'all: geometric mean':<56}{geometric_mean(everything):>7.2f}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
