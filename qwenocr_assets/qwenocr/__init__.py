"""Qwen-OCR, asynchronous and typed: `from qwenocr_assets.qwenocr import Client, Task`. See `docs/client.md`.

The names are those of `public`, which is loaded when the first of them is asked for: who imports a module of this
package, like `tasks`, does not load the network.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwenocr_assets.qwenocr.public import *  # noqa: F403  its `__all__` is held by a test
else:

    def __getattr__(name):
        if name.startswith("_") and name != "__all__":
            raise AttributeError(name)
        import qwenocr_assets.qwenocr.public as public

        return getattr(public, name)

    def __dir__():
        import qwenocr_assets.qwenocr.public as public

        return public.__all__
