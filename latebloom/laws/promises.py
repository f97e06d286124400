"""Promises that many laws share: an inequality, and an identity."""

from .finding import Promise

# A law "left side <= right side" promises that the ratio of the sides is at most 1.
INEQUALITY = Promise("largest left side / right side", high=1.0)
# A law "left side = right side" promises that they differ by rounding.
IDENTITY = Promise("relative residual", high=1e-10, tolerance=0.0)
