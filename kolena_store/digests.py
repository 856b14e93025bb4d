"""Digests and canonical text: what identifies a definition, a configuration or a file."""

import hashlib
import json
from collections.abc import Iterable

__all__ = ["canonical_json", "sha256_of_text", "sha256_of_texts"]


def canonical_json(value: object) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, Unicode as it is.

    Raises:
        ValueError: NaN or an infinity, which JSON does not have.
        TypeError: a value that JSON can't hold.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of_text(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 bytes as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def sha256_of_texts(texts: Iterable[str]) -> str:
    """Return the SHA-256 of a list of texts; each is preceded by its length, so that no two lists share a digest."""
    digest = hashlib.sha256()
    for text in texts:
        encoded = text.encode("utf-8")
        digest.update(f"{len(encoded)}:".encode())
        digest.update(encoded)
    return digest.hexdigest()
