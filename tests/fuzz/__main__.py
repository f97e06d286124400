"""``python -m fuzz``: try random cases and print what is wrong with them."""

import argparse
import contextlib
import os
import resource
import sys
import tempfile
from collections import Counter
from pathlib import Path

# A case that wants all memory gets an error instead, and the machine goes on.
MEMORY = 12 * 2**30


def run() -> int:
    """Run the cases; exit code 1 if something is wrong with one."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    for kind, count in (("command", 2000), ("file", 500), ("call", 300)):
        parser.add_argument(f"--{kind}s", type=int, default=count, help=f"how many (of {count})")
    parser.add_argument("--arguments", type=int, help="how many (of all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="one case, such as command:17")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.environ.setdefault("MPLBACKEND", "Agg")
    from .calls import odd_arguments
    from .cases import KINDS, case, load_all
    from .files import furnish

    codes: Counter[tuple[str, int]] = Counter()
    faults, slowest = 0, (0.0, "")
    load_all()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        furnish(Path(folder))
        if options.arguments is None:
            options.arguments = len(odd_arguments())
        chosen = [(k, i) for k in KINDS for i in range(getattr(options, f"{k}s"))]
        if options.only:
            kind, _, number = options.only.partition(":")
            chosen = [(kind, int(number))]
        for kind, i in chosen:
            ended = case(kind, options.seed, i)
            codes[kind, ended.code] += 1
            slowest = max(slowest, (ended.seconds, ended.case[:100]))
            if ended.fault or options.only:
                faults += bool(ended.fault)
                print(
                    f"{ended.case[: 1500 if options.only else 300]}\n    {ended.fault[-3000:]}",
                    flush=True,
                )
    for kind in KINDS:
        found = {code: n for (k, code), n in sorted(codes.items()) if k == kind}
        print(f"{kind}s: {sum(found.values())}, by exit code {found}")
    print(f"faults: {faults}; slowest {slowest[0]:.1f} s: {slowest[1]}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(run())
