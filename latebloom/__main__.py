"""``python -m latebloom`` is the command ``latebloom``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
