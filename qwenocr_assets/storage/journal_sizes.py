"""How long the journals are: what tells that one has grown since it was last read, without reading it."""

from collections import Counter
from collections.abc import Collection

from qwenocr_assets.storage.data_folder import DataFolder

_SUFFIX = ".jsonl.zst"


def journal_sizes(data: DataFolder, tasks: Collection[str]) -> dict[tuple[str, str], int]:
    """By batch and task, the bytes of each journal; on object storage those of all its parts."""
    sizes: Counter[tuple[str, str]] = Counter()
    for task in tasks:
        folder = data.journal(task, "").parent
        folder.fs.invalidate_cache(folder.path)
        if not folder.exists():
            continue
        begin = folder.fs._strip_protocol(folder.path).rstrip("/")
        for path, info in folder.fs.find(folder.path, detail=True).items():
            name = path.removeprefix(begin).lstrip("/")
            if name.endswith(_SUFFIX):
                sizes[name.partition("/")[0].removesuffix(_SUFFIX), task] += info["size"]
    return dict(sizes)
