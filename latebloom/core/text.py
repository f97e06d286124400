"""Numbers, times and sizes as text."""

from typing import Any

# Stands where a value is not known.
UNKNOWN = "-"


def number(value: Any) -> str:
    """Return a value as a reader wants it: whole from 1,000 on, as steps are, else three digits.

    >>> number(1000000), number(100308.4), number(0.00021984), number(None), number(2.7e9)
    ('1,000,000', '100,308', '0.00022', '-', '2.7e+09')
    """
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**16 else f"{float(value):.3g}"
    if isinstance(value, float):
        if value != value:
            return UNKNOWN
        return f"{value:,.0f}" if 1000 <= value < 1e9 else f"{value:.3g}"
    return str(value)


def duration(seconds: float) -> str:
    """Return a time in words.

    >>> duration(0.25), duration(75), duration(7300), duration(2e5)
    ('0.25 s', '1 min 15 s', '2 h 1 min', '2.3 days')
    """
    if seconds < 60:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    days = seconds / 86400
    return f"{days:.2g} days" if days < 365 else f"{days / 365:,.3g} years"


def size(count: float) -> str:
    """Return a number of bytes in words.

    >>> size(900), size(2_500_000)
    ('900 bytes', '2.5 MB')
    """
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count:.0f} bytes"
