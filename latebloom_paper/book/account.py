"""What a study used: its data, and how long they took."""

import hashlib


class Account:
    """What a study used.

    **Fields:**

    - `keys`: the identities of its data.
    - `total`, `fresh`: units of data, and how many of them were computed just now.
    - `seconds`: of work in all of them, whenever they were computed; `waited`: for them just now.
    """

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.total = self.fresh = 0
        self.seconds = self.waited = 0.0

    def add(self, key: str, fresh: int, seconds: float, waited: float, total: int = 1) -> None:
        """Take one source of data into account, its work only once.

        **Arguments:**

        - `key`: its identity.
        - `fresh`, `total`: units of data computed just now, and all of them.
        - `seconds`, `waited`: of work in all of them, and for them just now.
        """
        if key not in self.keys:
            self.keys.append(key)
            self.total += total
            self.seconds += seconds
        self.fresh += fresh
        self.waited += waited

    @property
    def fingerprint(self) -> str:
        """16 hex digits that identify all data behind a result."""
        return hashlib.sha256("\n".join(sorted(self.keys)).encode()).hexdigest()[:16]
