"""``python -m latebloom`` is the command ``latebloom``."""

import sys

from latebloom.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
