"""Random asyncio programs, run on CPython and on asy: both must print the same.

    python3.13 tests/random_asyncio [--asy PATH] [--first SEED] [--count NUMBER] [--shrink] [--folder PATH]

Prints the seed and the first difference of each program that differs; with --shrink also the smallest
program found that still differs. `--show SEED` prints a program. The exit code is 1 when any differs.
"""
import argparse
import difflib
import os
import shutil
import subprocess
import sys
import tempfile

from programs import Program

HERE = os.path.dirname(os.path.abspath(__file__))
BATCH = 40


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--asy", default=os.path.join(HERE, "../../target/debug/asy"))
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--show", type=int)
    parser.add_argument("--folder")
    options = parser.parse_args()
    if options.show is not None:
        print(Program(options.show).text())
        return 0
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.asy, options.folder or folder)
        differing = []
        for first in range(options.first, options.first + options.count, BATCH):
            seeds = range(first, min(first + BATCH, options.first + options.count))
            for seed, difference in bench.compare([Program(seed) for seed in seeds]):
                differing.append(seed)
                print(f"seed {seed} differs (- CPython, + asy):\n{difference}", flush=True)
                if options.shrink:
                    print(shrink(bench, seed), flush=True)
    print(f"{options.count} programs, {len(differing)} differ: {differing}")
    return 1 if differing else 0


class Bench:
    """Runs programs on both, many in one process."""

    def __init__(self, asy, folder):
        self.commands = [[sys.executable], [os.path.abspath(asy), "--virtual-time"]]
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        shutil.copy(os.path.join(HERE, "stage.py"), folder)

    def compare(self, programs):
        """The seeds of those that differ, each with the difference."""
        texts = {program.seed: program.text() for program in programs}
        left, right = (self.run(command, texts) for command in self.commands)
        for seed in texts:
            if left.get(seed) != right.get(seed):
                # Again, alone: numbers of tasks and the like go on from program to program.
                if len(texts) > 1:
                    alone = [self.run(command, {seed: texts[seed]}).get(seed) for command in self.commands]
                    if alone[0] == alone[1]:
                        print(f"seed {seed} differs only among others", flush=True)
                        continue
                else:
                    alone = [left.get(seed), right.get(seed)]
                yield seed, difference(*alone)

    def run(self, command, texts):
        """What each program prints, by seed."""
        for seed, text in texts.items():
            with open(os.path.join(self.folder, f"program_{seed}.py"), "w") as file:
                file.write(text)
        with open(os.path.join(self.folder, "batch.py"), "w") as file:
            file.writelines(f"import program_{seed}\n" for seed in texts)
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": self.folder}
        try:
            done = subprocess.run(command + ["batch.py"], cwd=self.folder, env=environment, timeout=60,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            output, errors = done.stdout, done.stderr if done.returncode else ""
        except subprocess.TimeoutExpired as error:
            output, errors = (error.stdout or b"").decode(), "does not end"
        found = {}
        for part in ("\n" + output).split("\n== ")[1:]:
            seed, _, lines = part.partition("\n")
            found[int(seed)] = lines.rstrip("\n")
        for seed in texts:
            if seed not in found:
                if len(texts) > 1:
                    found.update(self.run(command, {seed: texts[seed]}))
                else:
                    found[seed] = f"no output: {errors[-600:]}"
        return found


def difference(left, right):
    lines = difflib.unified_diff(left.splitlines(), right.splitlines(), lineterm="", n=4)
    return "\n".join(list(lines)[2:22])


def shrink(bench, seed):
    """The program with all that left out without which it still differs."""
    program = Program(seed)


    def differs():
        try:
            compile(program.text(), "program", "exec")
        except SyntaxError:
            return False
        return bool(list(bench.compare([program])))

    shrunk = True
    while shrunk:
        shrunk = False
        for size in (8, 4, 2, 1):
            for block in list(program.blocks()):
                place = 0
                while place < len(block):
                    taken = block[place:place + size]
                    candidates = [[]]
                    if size == 1:
                        candidates += [part for _, part in taken[0].parts]
                    for candidate in candidates:
                        block[place:place + len(taken)] = candidate
                        if differs():
                            shrunk = True
                            break
                        block[place:place + len(candidate)] = taken
                    else:
                        place += 1
    return program.text(is_short=True) + "\n" + "\n".join(text for _, text in bench.compare([program]))


if __name__ == "__main__":
    sys.exit(main())
