"""`qwenocr deploy render`: Dagster's files, and units or Kubernetes objects, from the settings."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from qwenocr_assets.deployment.rendering import render
from qwenocr_assets.deployment.target import Target
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.settings import load_settings, project_root

_NEXT = {
    Target.SERVER: "docs/deploy.md, One server, says where they belong.",
    Target.COMPOSE: "Next: docs/deploy.md, With Docker; then docker compose -f {folder}/compose.yaml up --detach",
    Target.CELERY: "docs/deploy.md, Several servers, says where they belong.",
    Target.K8S: "Next: make the secret (docs/deploy.md, Kubernetes), then kubectl apply -f {folder}/kubernetes.yaml",
}


def write_files(target: Target, folder: Path, console: Console) -> None:
    """Write the target's files into the folder.

    Raises:
        ConfigurationError: settings that cannot be deployed, or a project without `deploy/dagster.yaml`.
    """
    template = project_root() / "deploy" / "dagster.yaml"
    if not template.exists():
        raise ConfigurationError(f"{template} is not there.", "Take it from this project's repository.")
    files = render(target, load_settings(), template)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
        console.print(Text(f"{folder / name}"))
    console.print(Text(_NEXT[target].format(folder=folder)))
