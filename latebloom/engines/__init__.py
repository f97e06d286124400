"""Engines: how the updates of a method are computed."""
