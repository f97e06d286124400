"""What every room shares: registry, checks, errors, files, text, schedules, phases."""
