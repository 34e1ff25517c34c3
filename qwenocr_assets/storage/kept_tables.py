"""Small table files, kept decoded by whoever asks for the same ones again and again.

Every word that a person says is compared with all that was said before, in any intake: a file for each of them, and
opening one takes longer than reading it.
"""

import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from qwenocr_assets.schemas import TableSchema

_SMALL_BYTES = 32 * 1024
_MOST_FILES = 512
_SETTLED_SECONDS = 2
"""A file is replaced by another one, told by its number and its time; a clock may give both of them the same time."""


def kept_table(schema: TableSchema[Any], path: Path) -> pa.Table:
    """A local file's rows in the declared schema, from memory where the same file was read before.

    Raises:
        OSError, pyarrow.ArrowInvalid: it cannot be read, or is not there.
    """
    stat = path.stat()
    is_settled = time.time() - stat.st_mtime > _SETTLED_SECONDS
    if stat.st_size > _SMALL_BYTES or not is_settled:
        return _read(str(path), schema.arrow)
    return _kept(str(path), schema.arrow, (stat.st_ino, stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=_MOST_FILES)
def _kept(path: str, schema: pa.Schema, version: tuple[int, int, int]) -> pa.Table:  # noqa: ARG001
    return _read(path, schema)


def _read(path: str, schema: pa.Schema) -> pa.Table:
    return ds.dataset([path], schema=schema, format="parquet").to_table(use_threads=False)
