"""The formats of numbers that rules may name: modules of python-stdnum."""

from functools import cache
from importlib import import_module
from types import ModuleType


@cache
def number_format(name: str) -> ModuleType:
    """The module of python-stdnum of that name.

    Raises:
        ValueError: there is none.
    """
    try:
        module = import_module(f"stdnum.{name}")
    except ImportError as error:
        raise ValueError(
            f"there is no format {name!r}; known are the modules of python-stdnum, like iban, luhn, eu.vat or cn.ric"
        ) from error
    if not hasattr(module, "is_valid"):
        raise ValueError(f"{name!r} is a group of formats: take one of it, like eu.vat")
    return module
