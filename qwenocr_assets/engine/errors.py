"""Why the embedded engine cannot answer.

EngineError
├── UnreadableImage      the bytes are no image, or outside the service's limits
├── UnsupportedTask      a task for which no weights can be had offline (formula_recognition)
├── UnsupportedScript    the page is written in a script that the installed weights cannot read
└── MissingWeights       the recognition package, or what runs it, is not installed, or came without its weights
"""


class EngineError(Exception):
    """Base of everything the embedded engine refuses; the app turns it into the service's error shape."""


class UnreadableImage(EngineError):
    """The image cannot be decoded, or is outside the service's limits."""


class UnsupportedTask(EngineError):
    """The embedded engine has no weights for this task."""


class UnsupportedScript(EngineError):
    """The page is written in a script that the installed weights cannot read."""


class MissingWeights(EngineError):
    """The recognition package is not installed, or came without its weights; nothing is ever downloaded."""
