"""What studies share: where runs come from, claims, statistics, records."""

import lazy_loader

# The names, those that every study uses, are those of `__init__.pyi`; each is imported when it is
# first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
