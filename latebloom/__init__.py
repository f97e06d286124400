"""Delayed generalization ("grokking"), simulated exactly, measured, predicted and mapped.

The names are those of `__init__.pyi`; each is imported when it is first used.
"""


def __getattr__(name: str) -> object:
    """Return a public name, or the list of all (`__all__`); the first one installs the rest.

    The program imports this package before it answers signals, and lazy_loader takes longer to
    import than all that is needed until then.
    """
    import lazy_loader

    of_stub = lazy_loader.attach_stub(__name__, __file__)
    globals().update(zip(("__getattr__", "__dir__", "__all__"), of_stub, strict=True))
    return globals()["__all__"] if name == "__all__" else __getattr__(name)


def __dir__() -> list[str]:
    """Return the public names."""
    __getattr__("__all__")
    return __dir__()
