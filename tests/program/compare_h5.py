#!/usr/bin/env python3
"""Compares two HDF5 files: the same datasets, with equal shapes, types and values.

    compare_h5.py A.h5 B.h5

Exits 0 if they are equal (nan equals nan), 1 with the first difference if not, 2 if one cannot be
read. Attributes are not compared: created, host and command line differ between equal runs.
"""

import sys

import h5py
import numpy as np


def datasets(file):
    """The datasets of an open file by path."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item
    file.visititems(visit)
    return found


def first_unequal(a, b):
    """The index of the first unequal element, or None."""
    a, b = a[()], b[()]
    same = np.asarray(a == b)
    if a.dtype.kind == "f":
        same |= np.isnan(a) & np.isnan(b)
    if same.all():
        return None
    return tuple(int(i) for i in np.argwhere(~same)[0])


def difference(first, second):
    """A sentence on the first difference between two open files, or None."""
    a, b = datasets(first), datasets(second)
    for name in sorted(a.keys() ^ b.keys()):
        return f"/{name}: only in {(first if name in a else second).filename}"
    for name in sorted(a):
        for what, left, right in (("shape", a[name].shape, b[name].shape),
                                  ("type", a[name].dtype, b[name].dtype)):
            if left != right:
                return f"/{name}: {what} {left} and {right}"
        index = first_unequal(a[name], b[name])
        if index is not None:
            return f"/{name}{list(index)}: {a[name][index]!r} and {b[name][index]!r}"
    return None


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with h5py.File(sys.argv[1], "r") as first, h5py.File(sys.argv[2], "r") as second:
            found = difference(first, second)
    except OSError as error:
        print(f"compare_h5: {error}", file=sys.stderr)
        return 2
    if found is not None:
        print(found)
    return 0 if found is None else 1


if __name__ == "__main__":
    sys.exit(main())
