"""Run the benchmarks and print one table each: ``python -m benchmarks [NAME ...] [--out DIR]``."""

import argparse
import json
import sys
from pathlib import Path

from . import (
    class_brackets,
    flow_batches,
    flow_brackets,
    forecasts,
    growth,
    jump_engine,
    logs,
    low_rank,
    memory,
    monitor,
    network_flow,
    networks,
    predictions,
    predictors,
    product_brackets,
    slow_time,
    spectral_engine,
    startup,
    stationary,
    step_engine,
    stopping,
    sweeps,
    user_laws,
    verdicts,
)
from .timing import machine, show

SUITES = {
    "step": step_engine.measure,
    "jump": jump_engine.measure,
    "spectral": spectral_engine.measure,
    "startup": startup.measure,
    "low-rank": low_rank.measure,
    "networks": networks.measure,
    "sweeps": sweeps.measure,
    "memory": memory.measure,
    "growth": growth.measure,
    "predictors": predictors.measure,
    "predictions": predictions.measure,
    "slow-time": slow_time.measure,
    "forecasts": forecasts.measure,
    "stationary": stationary.measure,
    "stopping": stopping.measure,
    "verdicts": verdicts.measure,
    "logs": logs.measure,
    "user-laws": user_laws.measure,
    "network-flow": network_flow.measure,
    "flow-brackets": flow_brackets.measure,
    "product-brackets": product_brackets.measure,
    "class-brackets": class_brackets.measure,
    "flow-batches": flow_batches.measure,
    "monitor": monitor.measure,
}


def main() -> int:
    """Run the named suites (all by default) and write what they measured."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("suite", nargs="*", help=f"any of {', '.join(SUITES)}")
    parser.add_argument("--out", type=Path, default=Path("bench"), help="folder for the results")
    arguments = parser.parse_args()
    unknown = set(arguments.suite) - set(SUITES)
    if unknown:
        parser.error(f"unknown suite {', '.join(sorted(unknown))}; known: {', '.join(SUITES)}")
    results = {"machine": machine()}
    print(results["machine"])
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.suite or SUITES:
        rows = SUITES[name](arguments.out)
        results[name] = [row._asdict() for row in rows]
        show(name, rows)
    (arguments.out / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    missed = [
        r["what"] for n, rows in results.items() if n != "machine" for r in rows if not r["met"]
    ]
    print(f"targets missed: {', '.join(missed) if missed else 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
