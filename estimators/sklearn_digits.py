#!/usr/bin/python3
"""Trains a support vector machine on scikit-learn's handwritten digits and prints how good it is.

An ordinary script: it knows its own flags and prints its results, and nothing in it knows of sweepd.
"""

import argparse
import os
import pickle

from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernel", default="rbf", choices=["linear", "poly", "rbf", "sigmoid"])
    parser.add_argument("--C", type=float, default=1.0, help="penalty of a wrong side")
    parser.add_argument("--gamma", type=float, default=0.001, help="reach of one example")
    parser.add_argument("--degree", type=int, default=3, help="of the poly kernel")
    parser.add_argument("--seed", type=int, default=0, help="of the split into train and test")
    args = parser.parse_args()

    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, test_size=360, stratify=y, random_state=args.seed
    )
    model = SVC(kernel=args.kernel, C=args.C, gamma=args.gamma, degree=args.degree)
    model.fit(x_train, y_train)

    guess = model.predict(x_test)
    print(f"support_vectors: {model.n_support_.sum()}")
    print(f"f1: {f1_score(y_test, guess, average='macro', zero_division=0):.4f}")
    print(f"accuracy: {accuracy_score(y_test, guess):.4f}")

    os.makedirs("outputs", exist_ok=True)
    with open("outputs/svm.pickle", "wb") as file:
        pickle.dump(model, file)


if __name__ == "__main__":
    main()
