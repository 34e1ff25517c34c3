"""Names of files and folders that hold no documents: what systems, servers and downloads leave lying about."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cached_property

_WILD = re.compile(r"[*?\[]")

HIDDEN = (".*", "~$*")
"""Dotfiles and dot folders, `.Trash-1000` among them, and the locks of office programs."""
LITTER = ("thumbs.db", "ehthumbs.db", "desktop.ini", "readme.md", "__macosx")
SYSTEM_FOLDERS = (
    "@eadir",  # Synology: previews
    "#recycle",
    "#snapshot",
    "@recycle",  # QNAP
    "@recently-snapshot",
    "$recycle.bin",
    "recycler",
    "recycled",
    "system volume information",
    "lost+found",
    "found.000",
)
UNFINISHED = tuple(
    f"*{ending}"
    for ending in (
        ".part", ".partial", ".filepart", ".crdownload", ".download", ".opdownload", ".tmp", ".temp",
        ".!ut", ".!bt", ".!qb", ".bc!", ".jc!", ".aria2", ".fdmdownload", ".dtapart", ".xltd", ".td",
        ".ucas", ".unfinished", ".incomplete", ".crswap", ".rsync", ".swp",
    )
)  # fmt: skip
"""Endings that browsers, download managers, torrent clients and copying programs give what is not all there yet."""


@dataclass(frozen=True)
class LeftOut:
    """Which names are left out, upper and lower case alike."""

    more: tuple[str, ...] = ()
    """Patterns beside the usual ones, with * and ?; those that begin with ! are of names that are not left out."""

    def fits(self, name: str) -> bool:
        """Whether a file or folder of this name is left out."""
        lower = name.lower()
        return self._out.fits(lower) and not self._kept.fits(lower)

    def fits_path(self, path: str) -> bool:
        """Whether any part of a path with / is left out."""
        return any(self.fits(part) for part in path.split("/") if part not in ("", ".", ".."))

    @cached_property
    def _out(self) -> "_Patterns":
        usual = (*HIDDEN, *LITTER, *SYSTEM_FOLDERS, *UNFINISHED)
        return _Patterns.of((*usual, *(p for p in self.more if not p.startswith("!"))))

    @cached_property
    def _kept(self) -> "_Patterns":
        return _Patterns.of([p[1:] for p in self.more if p.startswith("!")])


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Patterns by their form: a million names are looked at, and most patterns are the end of a name."""

    whole: frozenset[str] = frozenset()
    beginnings: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    others: tuple[re.Pattern[str], ...] = field(default=())

    @classmethod
    def of(cls, patterns: Iterable[str]) -> "_Patterns":
        lower: Sequence[str] = [pattern.lower() for pattern in patterns]
        whole = {p for p in lower if not _WILD.search(p)}
        beginnings = [p[:-1] for p in lower if p.endswith("*") and p[:-1] and not _WILD.search(p[:-1])]
        endings = [p[1:] for p in lower if p.startswith("*") and p[1:] and not _WILD.search(p[1:])]
        known = {*whole, *(f"{b}*" for b in beginnings), *(f"*{e}" for e in endings)}
        others = [re.compile(translate(p)) for p in lower if p not in known]
        return cls(frozenset(whole), tuple(beginnings), tuple(endings), tuple(others))

    def fits(self, lower: str) -> bool:
        return (
            lower.endswith(self.endings)
            or lower.startswith(self.beginnings)
            or lower in self.whole
            or any(pattern.match(lower) for pattern in self.others)
        )


USUAL = LeftOut()
