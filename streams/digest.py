"""The hash of a state: one value that two workers share when, and only when, they folded the same journal."""

from collections.abc import Mapping
from hashlib import sha256

from domain.fold import Fold, canonical
from streams.sources import EVERY_SOURCE, Source


def partition_hash(fold: Fold) -> bytes:
    """Return the SHA-256 of a partition's canonical state, 32 bytes."""
    return sha256(canonical(fold.plain())).digest()


def state_hash(hashes: Mapping[Source, bytes]) -> str:
    """Return the hash over all partitions.

    Parameters
    ----------
    hashes
        The 32 bytes of each partition, as `partition_hash` gives them.

    Returns
    -------
    str
        Hexadecimal SHA-256 over the lanes 0..3, then the journal 0..15.

    Raises
    ------
    KeyError
        If a partition is missing.

    """
    total = sha256()
    for source in EVERY_SOURCE:
        total.update(hashes[source])
    return total.hexdigest()
