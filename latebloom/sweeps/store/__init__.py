"""Stores: files of results."""
