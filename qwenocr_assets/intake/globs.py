"""Globs of routes: `*` and `?` stay within one folder, `**` stands for any folders."""

from fnmatch import fnmatchcase


def glob_matches(glob: str, parts: list[str]) -> bool:
    """Whether the glob takes a path of these parts: without `/` by its last part, with one by its end."""
    if "/" not in glob and glob != "**":
        return fnmatchcase(parts[-1], glob)
    return _parts_match(["**", *glob.strip("/").split("/")], parts)


def _parts_match(globs: list[str], parts: list[str]) -> bool:
    reached = {0}
    """How many parts may be taken by the globs so far."""
    for glob in globs:
        if glob == "**":
            reached = set(range(min(reached, default=len(parts) + 1), len(parts) + 1))
        else:
            reached = {n + 1 for n in reached if n < len(parts) and fnmatchcase(parts[n], glob)}
    return len(parts) in reached
