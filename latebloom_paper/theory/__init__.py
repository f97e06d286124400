"""The theorems, checked on runs."""
