# SPDX-License-Identifier: MIT
"""What numerical programs do: large arrays, temporaries of expressions, and many small objects.

Its argument is the program that begins and ends the counting; imports are not counted."""
import subprocess
import sys

import numpy

STEPS = 4


def mark(word):
    subprocess.run([sys.argv[1], word], env={}, check=True)


def step(table, vector, number):
    scaled = table * number + vector
    groups = {key: [] for key in range(500)}
    for index in range(0, 20000, 5):
        groups[index % 500].append(str(index))
    return float((scaled @ vector).sum()) + numpy.sort(scaled[0]).sum() + sum(map(len, groups.values()))


def main():
    table = numpy.ones((1024, 512))
    vector = numpy.arange(512, dtype=float)
    mark("begin")
    total = sum(step(table, vector, number) for number in range(STEPS))
    mark("end")
    print(f"operations={STEPS} total={total:.0f}")


main()
