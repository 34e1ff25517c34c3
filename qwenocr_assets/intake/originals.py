"""Originals beside the data: what was on the disk of one machine, so that any other can make its pages.

Data on a local disk needs none: who reads it reads the files where they are. An inbox in a bucket is reached by all.
"""

from dataclasses import replace
from functools import partial

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.files import read_unchanged
from qwenocr_assets.intake.manifest import Manifest, ManifestFile
from qwenocr_assets.storage.bulk import make_file, side_by_side
from qwenocr_assets.storage.data_folder import DataFolder, is_local


def keep_originals(data: DataFolder, manifest: Manifest) -> Manifest:
    """Copy a batch's files into the data folder, under their hashes, where that is not on this machine.

    Returns the manifest that names the copies. A file that cannot be copied as it was hashed stays as it is: the step
    that reads it says why.

    Raises:
        StorageError, OSError: the data folder cannot be written.
    """
    if is_local(data.root):
        return manifest
    kept = partial(_kept, data, are_new=not data.manifest(manifest.batch_id).exists())
    return replace(manifest, files=tuple(side_by_side(kept, manifest.files)))


def _kept(data: DataFolder, file: ManifestFile, *, are_new: bool) -> ManifestFile:
    if not file.uri.startswith("file://") or file.unreadable_reason is not None:
        return file
    copy = data.original(file.sha256)
    if are_new or not copy.exists():  # of a new batch hardly one is there: the put itself finds that out
        try:
            content = read_unchanged(file.uri, file.sha256)
        except RejectedInput:
            return file
        make_file(copy, content)
    return replace(file, uri=str(copy))
