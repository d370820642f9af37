"""Real first, if the rules allow it: where a real asset lies, fetched if need be.

    obtain("resnet50")             where it lies, fetched if need be; or None: use what is bundled

`TUTLIB_ASSETS` chooses between the shelves (see `tutlib.assets`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from tutlib.assets.catalogue import ASSETS, AssetError, megabytes
from tutlib.assets.download import DownloadError, NoAnswerError

UNASKED = 120_000_000  # bytes: what is larger comes only by `python -m tutlib fetch`
PATIENCE = 600.0  # seconds an unasked download may take


def mode() -> str:
    """What `TUTLIB_ASSETS` says: "auto", "bundled" or "real".

    Raises:
        ValueError: if it says anything else.
    """
    chosen = os.environ.get("TUTLIB_ASSETS", "auto")
    if chosen not in ("auto", "bundled", "real"):
        raise ValueError(f"TUTLIB_ASSETS must be auto, bundled or real, and it is {chosen!r}.")
    return chosen


@dataclass
class Session:
    """What this session has learned and said: nobody waits, or is told, twice."""

    no_network: str = ""
    told: frozenset[str] = frozenset()
    failed: dict[str, str] = field(default_factory=dict)


SESSION = Session()


def obtain(name: str) -> Path | None:
    """Where the real thing lies, downloaded if the rules allow it; None: take the bundled one.

    In `auto` mode a missing asset of at most 120 MB is downloaded if the network answers within
    3 s; if it is not to be had, one line says so (once). `bundled` is always None, and touches
    nothing.

    Raises:
        AssetError: in `real` mode, instead of None.
    """
    chosen = mode()
    if chosen == "bundled":
        return None
    asset, missing = ASSETS[name], "is not on this machine"
    if asset.find() is not None:
        broken = asset.fault()
        if not broken:
            return asset.find()
        missing = f"is damaged ({asset.find()}: {broken})"
    if name in SESSION.failed:
        why = SESSION.failed[name]
    elif asset.size <= UNASKED and not SESSION.no_network:
        try:
            return asset.fetch(patience=PATIENCE)
        except NoAnswerError as error:
            SESSION.no_network = str(error)
            why = f"{error}."
        except DownloadError as error:
            why = SESSION.failed[name] = str(error)
    elif asset.size > UNASKED:
        why = "it is too large to be fetched unasked."
    else:
        why = f"{SESSION.no_network}."
    cure = f"`python -m tutlib fetch {name}` gets it ({megabytes(asset.size)})"
    if chosen == "real":
        raise AssetError(" ".join(filter(None, (f"{asset.title} {missing}:", why, f"{cure}."))))
    if name not in SESSION.told:
        SESSION.told |= {name}
        why = why and f" ({why.rstrip('.')})"
        print(f"{asset.title} {missing}{why}. Using {asset.instead} instead; {cure}.")
    return None
