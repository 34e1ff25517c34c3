"""Intake: files and folders into the manifests of intake batches."""

from collections.abc import Sequence
from pathlib import Path

from upath import UPath

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.left_out import LeftOut
from qwenocr_assets.intake.manifest import (
    Manifest,
    cut_batches,
    is_unaltered,
    load_manifest,
    manifests_of_folder,
    newest_versions,
    resolved,
)
from qwenocr_assets.intake.routes import Route, folders_above, route_for
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.settings import Settings
from qwenocr_assets.storage.data_folder import is_local


def manifests_of(paths: Sequence[Path], settings: Settings) -> list[Manifest]:
    """The intake batches of files and folders; nothing is written.

    Raises:
        RejectedInput: a path that does not exist, or no file to read below them.
    """
    manifests = [manifest for path in paths for manifest in _manifests_below(path, settings)]
    if not manifests:
        raise RejectedInput(
            f"There is no file to read in {', '.join(map(str, paths))}.",
            "Put document images or PDFs there, or name another folder.",
        )
    return manifests


def _manifests_below(path: Path, settings: Settings) -> list[Manifest]:
    root = UPath(path).absolute()
    if not root.exists():
        raise RejectedInput(f"{path} does not exist.", "Check the path.")
    return cut_batches(
        root,
        list(find_files(root, LeftOut(tuple(settings.leave_out)))),
        max_files=settings.batch_max_files,
        max_bytes=settings.batch_max_bytes,
        known=newest_versions(manifests_of_folder(settings.data_folder, resolved(root))),
    )


def routes_taken(paths: Sequence[Path], environment: Environment) -> list[tuple[str, Route]]:
    """Each file of these paths by its name, with the route it takes; no file is opened.

    Members of archives take theirs by the archive's name and their own.

    Raises:
        RejectedInput: a path that does not exist.
        ConfigurationError: a route that cannot be used.
    """
    found = []
    for path in paths:
        root = UPath(path).absolute()
        if not root.exists():
            raise RejectedInput(f"{path} does not exist.", "Check the path.")
        names = [file.name for file in find_files(root, LeftOut(tuple(environment.settings.leave_out)))]
        folders = folders_above(str(resolved(root)), names, environment.routed_folders)
        found += [(name, route_for(name, environment.routes, folders)) for name in names]
    return found


def replayed(address: str) -> Manifest:
    """The manifest at a path or URL, to run its batch again.

    Raises:
        StorageError: there is none, or it cannot be understood.
        RejectedInput: it was changed.
    """
    path = UPath(address)
    manifest = load_manifest(path.absolute() if is_local(path) else path)
    if not is_unaltered(manifest):
        raise RejectedInput(
            f"{address} was changed: its files make another intake than {manifest.batch_id}.",
            "Take the manifest as it was written, or run the files themselves.",
        )
    return manifest
