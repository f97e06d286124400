"""Checksums at the end of a file, which show whether it is what was written."""

import hashlib

_MARK = b"\nlatebloom sha256 "
# The mark, 64 hex digits, the end of the line.
_LENGTH = len(_MARK) + 65


class Damaged(Exception):
    """A file that is not what was written; the message says how."""


def with_checksum(content: bytes, salt: str = "") -> bytes:
    """Return the content with its SHA-256 behind it.

    **Arguments:**

    - `content`: the bytes.
    - `salt`: what else must be the same when it is read, such as a version.

    >>> from latebloom.sweeps.store.checksum import with_checksum, without_checksum
    >>> without_checksum(with_checksum(b"1, 2, 3"))
    b'1, 2, 3'
    """
    return content + _trailer(content, salt)


def without_checksum(data: bytes, salt: str = "") -> bytes:
    """Return the content that `with_checksum` was given.

    **Raises:** `Damaged` if it is another one.
    """
    content, trailer = data[:-_LENGTH], data[-_LENGTH:]
    if len(data) <= _LENGTH or not trailer.startswith(_MARK):
        raise Damaged("it has no checksum at its end: truncated, or not a file of a store")
    if trailer != _trailer(content, salt):
        raise Damaged("its checksum does not match its content")
    return content


def _trailer(content: bytes, salt: str) -> bytes:
    return _MARK + hashlib.sha256(content + salt.encode()).hexdigest().encode() + b"\n"
