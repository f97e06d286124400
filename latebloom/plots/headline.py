"""The line above the picture of a run."""

from latebloom.runs.run import Run


def headline(run: Run) -> str:
    """Return name, verdict and engine, and whether the run was cut short."""
    parts = [run.experiment.name or run.experiment.hash, str(run.phases.verdict).replace("_", " ")]
    parts.append(f"engine {run.engine}")
    if run.interrupted:
        parts.append(f"interrupted at step {run.last_step:,}")
    return "  ·  ".join(parts)
