"""What is installed: bounded, locked with hashes, and under licences that let everybody use it."""

import re
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from docs.generate import licence

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
OWN = "qwenocr-assets"
LOCKS = {
    "base": (),
    "run": ("engine", "postgres", "s3", "celery", "k8s"),
    "dev": ("engine", "postgres", "s3", "celery", "k8s", "dev"),
    "scripts": ("engine", "postgres", "s3", "celery", "k8s", "dev", "scripts"),
}
"""Each lock and the extras in it."""
ALL = [Requirement(text) for text in (*PROJECT["dependencies"], *(t for e in EXTRAS.values() for t in e))]


def locked(name: str) -> dict[str, list[Requirement]]:
    """The packages of a lock; one that differs by Python version stands there more than once."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    found: dict[str, list[Requirement]] = {}
    for entry in text.replace("\\\n", "").splitlines():
        requirement, *hashes = entry.split(" --hash=")
        assert hashes, f"{requirement} has no hash"
        one = Requirement(requirement)
        found.setdefault(canonicalize_name(one.name), []).append(one)
    return found


@pytest.mark.parametrize("wanted", ALL, ids=str)
def test_every_dependency_is_bounded_on_both_sides(wanted: Requirement) -> None:
    operators = {specifier.operator for specifier in wanted.specifier}
    assert "==" in operators or {">=", "<"} <= operators or wanted.name == OWN


@pytest.mark.parametrize("name", LOCKS)
def test_the_locks_hold_what_the_project_asks_for(name: str) -> None:
    packages = locked(name)
    asked = [*PROJECT["dependencies"], *(text for extra in LOCKS[name] for text in EXTRAS[extra])]
    for wanted in (Requirement(text) for text in asked):
        if wanted.name == OWN:
            continue
        found = packages.get(canonicalize_name(wanted.name), [])
        assert found, f"{wanted.name} is not locked: run `make lock`"
        for one in found:
            version = next(iter(one.specifier)).version
            assert wanted.specifier.contains(version), f"{one} is out of bounds: run `make lock`"


def test_the_locks_agree() -> None:
    """On versions: on which systems a package is installed may differ, as another one of a larger lock needs it."""

    def versions(found: list[Requirement]) -> set[str]:
        return {str(one.specifier) for one in found}

    whole = locked("scripts")
    for name in LOCKS:
        for package, found in locked(name).items():
            assert versions(found) <= versions(whole[package]), package


_LESSER = re.compile(r"GNU (Library or )?Lesser General Public License|LGPL", re.IGNORECASE)


def is_copyleft_of_all(words: str) -> bool:
    """Whether a licence wants all of a program under itself: the GPL and the AGPL, not the LGPL."""
    return re.search(r"A?GPL|General Public License", _LESSER.sub("", words), re.IGNORECASE) is not None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("MIT", False),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", False),
        ("GNU Lesser General Public License v2 or later (LGPLv2+)", False),
        ("GNU Library or Lesser General Public License (LGPL)", False),
        ("GNU General Public License v3 (GPLv3)", True),
        ("AGPL-3.0-only", True),
        ("GNU Affero General Public License v3", True),
        ("LGPL-3.0-or-later AND GPL-2.0-only", True),
    ],
)
def test_which_licences_are_refused(words: str, expected: bool) -> None:
    assert is_copyleft_of_all(words) is expected


def installed(lock: str) -> dict[str, Distribution]:
    """The packages of a lock that are installed here."""
    ours = locked(lock).keys()
    return {
        name: package
        for package in distributions()
        if (name := canonicalize_name(package.metadata["Name"])) in ours
    }


def test_no_package_is_under_the_gpl_or_the_agpl() -> None:
    found = {name: licence(package) for name, package in installed("scripts").items()}
    assert len(found) > 100
    assert {name: words for name, words in found.items() if is_copyleft_of_all(words)} == {}
    assert "not said" not in found.values()


def test_no_wheel_of_the_program_brings_a_library_under_the_gpl() -> None:
    """What a package says of itself is not what its wheel holds: that stands in a list beside its licence."""
    lists = {
        name: file.read_text()
        for name, package in installed("run").items()
        for file in package.files or ()
        if re.search(r"licen[cs]es?[_.-]?bundled|bundled[_.-]?licen", file.name, re.IGNORECASE)
    }
    assert "pi-heif" in lists
    named = {name: re.findall(r"^Licen[cs]e:(.*)$", text, re.MULTILINE) for name, text in lists.items()}
    # a compiler's run-time library may be used by any program
    own = {name: [w for w in words if "exception" not in w] for name, words in named.items()}
    assert {name: words for name, words in own.items() if any(map(is_copyleft_of_all, words))} == {}
