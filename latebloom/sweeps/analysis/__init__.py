"""What the results of a sweep mean."""
