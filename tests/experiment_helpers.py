"""Specs that tests of experiments share."""

from helpers import all_examples, matrix_data

import latebloom as lb

PROBLEM = lb.SparseRecovery(n=9, s=2, N=6)


BASE = lb.Experiment(PROBLEM, lb.L1(1e-3), lb.ProximalGradient(0.1), steps=100)


MATRIX = BASE.with_(problem=matrix_data())


MEMBERS = all_examples()
