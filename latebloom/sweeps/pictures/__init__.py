"""Pictures of the results of a sweep."""
