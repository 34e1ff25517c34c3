"""How long the journals are: what tells that one has grown since it was last read, without reading it."""

from collections import Counter
from collections.abc import Collection

from qwenocr_assets.storage.bulk import files_below
from qwenocr_assets.storage.data_folder import DataFolder

_SUFFIX = ".jsonl.zst"


def journal_sizes(data: DataFolder, tasks: Collection[str]) -> dict[tuple[str, str], int]:
    """By batch and task, the bytes of each journal; on object storage those of all its parts."""
    sizes: Counter[tuple[str, str]] = Counter()
    for path, info in files_below(data.journals).items():
        task, _, name = path.partition("/")
        if task in tasks and name.endswith(_SUFFIX):
            sizes[name.partition("/")[0].removesuffix(_SUFFIX), task] += info["size"]
    return dict(sizes)
