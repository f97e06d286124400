"""The report: one page for everything."""
