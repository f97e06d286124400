"""Engines: how the updates of a method are computed."""

from .slow import FAST as FAST
