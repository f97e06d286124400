"""Workers: who computes what."""
