"""The fraction tau of measurements that are chosen rather than drawn."""

import math


def share_of(tau: float, N: int) -> int:
    """Return floor(tau N) of the decimal numbers: 0.7 * 90 is 62.999... in binary.

    >>> share_of(0.7, 90)
    63
    """
    return math.floor(tau * N + 1e-9)
