"""Made-up programs, each told by what it can do: a row of zeros and ones, harmless or malicious.

Every program is of a kind (a text editor, a backup tool, a key logger ...). It can do most of what
its kind needs, and a little else. Many malicious programs are disguised: they bring along some of
what a harmless kind can do.
"""

from __future__ import annotations

import numpy as np

ABILITIES = {
    "files": "open a file|save a file|delete files|encrypt files|list folders|copy a file|"
    "unpack an archive|undo a change",
    "screen": "open a window|show help|zoom|draw a picture|choose a font|show an advert|"
    "record the screen|hide its window",
    "sound": "play music|play a video|record sound|change the volume",
    "people": "read contacts|read messages|send a message|show a calendar|ask for a password|"
    "read saved passwords",
    "machine": "start with the computer|list running programs|stop other programs|"
    "switch off the virus guard|read the clock|use the whole processor|log keys|restart",
    "net": "open a web page|download a file|download code|send data at night|"
    "contact an unknown server|check for updates|share the screen|copy itself over the net",
    "desk": "print|check spelling|draw a chart|count words|keep a high score|use the camera|"
    "read the location|set an alarm",
}
NAMES = [name for group in ABILITIES.values() for name in group.split("|")]
HARMLESS = {
    "text editor": "open a file|save a file|open a window|choose a font|print|check spelling|"
    "count words|undo a change|show help",
    "backup tool": "list folders|copy a file|encrypt files|delete files|start with the computer|"
    "open a window|show help|read the clock|check for updates|unpack an archive",
    "remote help": "share the screen|record the screen|log keys|contact an unknown server|"
    "ask for a password|open a window|show help|check for updates|send a message",
    "game": "open a window|play music|keep a high score|draw a picture|use the whole processor|"
    "change the volume|show an advert|show help",
    "messenger": "read contacts|read messages|send a message|record sound|use the camera|"
    "open a window|start with the computer|show help|ask for a password",
    "organiser": "show a calendar|set an alarm|read contacts|read the clock|read the location|"
    "open a window|draw a chart|print|show help",
    "system monitor": "list running programs|stop other programs|use the whole processor|restart|"
    "start with the computer|open a window|draw a chart|show help|read the clock",
    "browser": "open a web page|download a file|open a window|play a video|zoom|print|"
    "read saved passwords|check for updates|ask for a password|show help",
}
MALICIOUS = {
    "blackmailer": "encrypt files|delete files|list folders|contact an unknown server|"
    "switch off the virus guard|start with the computer",
    "key logger": "log keys|hide its window|send data at night|start with the computer|"
    "record the screen",
    "coin miner": "use the whole processor|hide its window|contact an unknown server|"
    "download code|list running programs",
    "thief": "read saved passwords|read contacts|read messages|send data at night|"
    "contact an unknown server",
    "worm": "copy itself over the net|copy a file|download code|list running programs|"
    "stop other programs|switch off the virus guard",
    "eavesdropper": "record sound|use the camera|read the location|send data at night|"
    "hide its window",
}
NEEDED, STRAY, DISGUISED, BORROWED = 0.75, 0.04, 0.6, 0.35


def _profile(kinds: dict[str, str]) -> np.ndarray:
    """One row for each kind: which abilities belong to it."""
    return np.array([[name in text.split("|") for name in NAMES] for text in kinds.values()])


def programs(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` programs (count, abilities) of zeros and ones, and which are malicious (bool).

    Half of them are malicious, up to chance. The columns are named in `NAMES`.

    Example:
        >>> x, bad = programs(5, seed=0)
        >>> x.shape == (5, len(NAMES)), bad.dtype
        (True, dtype('bool'))
    """
    rng = np.random.default_rng(seed)
    harmless, malicious = _profile(HARMLESS), _profile(MALICIOUS)
    bad = rng.random(count) < 0.5
    good_kind, bad_kind = rng.integers(len(harmless), size=count), rng.integers(
        len(malicious), size=count
    )  # fmt: skip
    draws = rng.random((3, count, len(NAMES)))
    own = np.where(bad[:, None], malicious[bad_kind], harmless[good_kind])
    disguise = (bad & (rng.random(count) < DISGUISED))[:, None] & harmless[good_kind]
    can = (own & (draws[0] < NEEDED)) | (draws[1] < STRAY) | (disguise & (draws[2] < BORROWED))
    return can.astype(np.float64), bad
