# SPDX-License-Identifier: MIT
"""The groups of measurements, in the order in which they run. bench/README.md says what a group's module holds."""
import importlib

NAMES = ("workloads", "peaks", "programs", "large_blocks", "instructions", "startup", "placement", "regions", "scale",
         "locality")


def load(name):
    """The module of a group."""
    return importlib.import_module(f"groups.{name}")
