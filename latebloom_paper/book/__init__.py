"""What studies share: where runs come from, claims, statistics, records."""
