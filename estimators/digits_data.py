#!/usr/bin/python3
"""Writes the handwritten digits that come with scikit-learn as IDX files, the format of MNIST.

    digits_data.py [FOLDER]          default: build/data/digits

1,797 real scans of 8 x 8 pixels (UCI, Alpaydin and Kaynak 1998): 1,437 to train on, 360 to test on,
with the same share of each digit, always the same ones. The files carry MNIST's names, so MNIST's own
four files can take their place.
"""

import argparse
import os
import struct

import numpy
from sklearn.datasets import load_digits

TEST_COUNT = 360
INK_MAX = 16  # the scans count the dark pixels of 4 x 4 blocks


def is_test(labels):
    """Every fifth image or so of each class: of the images in order of class, evenly spaced ones."""
    mask = numpy.zeros(len(labels), dtype=bool)
    place = numpy.arange(len(labels))
    picked = (place + 1) * TEST_COUNT // len(labels) > place * TEST_COUNT // len(labels)
    mask[numpy.argsort(labels, kind="stable")[picked]] = True
    return mask


def write_idx(path, array):
    """Writes unsigned bytes with their dimensions, then renames: a reader sees all of a file or none."""
    fresh = f"{path}.{os.getpid()}.new"
    with open(fresh, "wb") as file:
        file.write(struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape))
        file.write(array.astype(numpy.uint8).tobytes())
    os.replace(fresh, path)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", default="build/data/digits")
    folder = parser.parse_args().folder

    digits = load_digits()
    pixels = numpy.rint(digits.images * (255 / INK_MAX))
    test = is_test(digits.target)
    os.makedirs(folder, exist_ok=True)
    for prefix, chosen in (("train", ~test), ("t10k", test)):
        write_idx(f"{folder}/{prefix}-images-idx3-ubyte", pixels[chosen])
        write_idx(f"{folder}/{prefix}-labels-idx1-ubyte", digits.target[chosen])
    print(f"{folder}: {(~test).sum()} digits to train on, {test.sum()} to test on")


if __name__ == "__main__":
    main()
