"""Units of systemd for servers: the code server, the daemon, the web server, and Celery's workers."""

from collections.abc import Mapping

from qwenocr_assets.deployment.dagster_files import CODE_PORT, LOCATION, QUEUE, WEB_PORT
from qwenocr_assets.deployment.target import Target
from qwenocr_assets.settings import DeploySettings

_UNIT = """[Unit]
Description={what}
After=network-online.target
Wants=network-online.target

[Service]
User={name}
WorkingDirectory={project}
Environment=DAGSTER_HOME={home}
Environment=PATH={project}/.venv/bin:/usr/local/bin:/usr/bin:/bin
EnvironmentFile={environment}
ExecStart={command}
Restart=always
RestartSec=5
KillMode=mixed
TimeoutStopSec={grace}

[Install]
WantedBy=multi-user.target
"""


def units(deploy: DeploySettings, target: Target) -> dict[str, str]:
    """The units' texts by file name. Keys and addresses come from a file that root alone can read."""
    project, home = f"/opt/{deploy.name}", f"/var/lib/{deploy.name}/dagster"
    workspace = f"-w {home}/workspace.yaml"
    bin_ = f"{project}/.venv/bin"
    commands: Mapping[str, tuple[str, str]] = {
        "code": (
            "the code server of qwenocr: runs are started from it",
            f"{bin_}/dagster api grpc -m qwenocr_assets.definitions -h 127.0.0.1 -p {CODE_PORT} "
            f"--location-name {LOCATION}",
        ),
        "daemon": (
            "Dagster's daemon for qwenocr: sensors, schedules and the queue; one of it in all",
            f"{bin_}/dagster-daemon run {workspace}",
        ),
        "web": (
            "Dagster's UI for qwenocr, for this machine alone: it asks for no password",
            f"{bin_}/dagster-webserver {workspace} -h 127.0.0.1 -p {WEB_PORT}",
        ),
    }
    if target is Target.CELERY:
        commands = {
            **commands,
            "worker@": (
                "a worker of qwenocr: one intake at a time",
                f"{bin_}/dagster-celery worker start -A dagster_celery.app -y {home}/celery.yaml -n worker-%i "
                f"-q {QUEUE} -- --concurrency 1",
            ),
        }
    return {
        f"{deploy.name}-{part}.service": _UNIT.format(
            what=what,
            name=deploy.name,
            project=project,
            home=home,
            environment=f"/etc/{deploy.name}/environment",
            command=command,
            grace=deploy.grace_seconds,
        )
        for part, (what, command) in commands.items()
    }
