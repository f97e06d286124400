"""The convex figures."""
