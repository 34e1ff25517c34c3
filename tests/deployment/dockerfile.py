"""A Dockerfile as its instructions: words, and where each stands. Enough for rules about our own."""

import re
from dataclasses import dataclass
from pathlib import Path

KNOWN = frozenset(
    [
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ]
)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, its lines joined and comments left out."""

    name: str
    text: str
    line: int


def instructions(path: Path) -> list[Instruction]:
    """Raises ValueError for a line that begins with no instruction, or a file that ends within one."""
    found, parts, begun = [], [], 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        begun = begun or number
        parts.append(line.strip().removesuffix("\\").strip())
        if line.rstrip().endswith("\\"):
            continue
        name, _, text = " ".join(parts).partition(" ")
        if name not in KNOWN:
            raise ValueError(f"line {begun}: {name} is no instruction")
        found.append(Instruction(name, text.strip(), begun))
        parts, begun = [], 0
    if parts:
        raise ValueError(f"line {begun}: it is not ended")
    return found


def broken_rules(found: list[Instruction], ignored: frozenset[str]) -> list[str]:
    """What is wrong, for people. `ignored` are the lines of `.dockerignore`."""
    return [f"line {i.line}: {why}" for i in found for why in _of_one(i)] + _of_all(found, ignored)


def _of_one(it: Instruction) -> list[str]:
    text, said = it.text, []
    if it.name == "FROM" and not re.search(
        r"^\S+(:(?!latest\b)[\w.-]*\d[\w.-]*|@sha256:[0-9a-f]{64})( |$)", text
    ):
        said.append("the base has no version: it changes by itself")
    if it.name == "ADD":
        said.append("ADD fetches and unpacks: use COPY")
    if it.name in ("ENV", "ARG") and re.search(r"KEY|TOKEN|PASSWORD|PASSWD|SECRET|LEDGER|DATABASE", text):
        said.append("a secret stays in the image")
    if it.name == "WORKDIR" and not text.startswith("/"):
        said.append("WORKDIR depends on where it stood before")
    if it.name in ("CMD", "ENTRYPOINT") and not text.startswith("["):
        said.append("a shell would stand before the program and get its signals")
    if it.name == "RUN":
        said += _of_run(text)
    return said


def _of_run(text: str) -> list[str]:
    said = []
    if re.search(r"\bsudo\b", text):
        said.append("no sudo")
    if re.search(r"\b(curl|wget)\b.*\|", text):
        said.append("what is fetched is run unseen")
    if "apt-get install" in text and not (
        "--no-install-recommends" in text and "apt-get update" in text and "rm -rf /var/lib/apt/lists" in text
    ):
        said.append("packages come with their lists or with what they recommend")
    for install in re.findall(r"pip install[^&;|]*", text):
        if "--no-cache-dir" not in install:
            said.append("pip keeps its cache in the image")
        if "--no-deps" not in install:
            said.append("pip resolves what is not locked")
        if "-r " in install and "--require-hashes" not in install:
            said.append("what is installed is not checked by its hash")
    return said


def _of_all(found: list[Instruction], ignored: frozenset[str]) -> list[str]:
    said = []
    users = [i.text for i in found if i.name == "USER"]
    if not users or users[-1].split(":")[0] in ("0", "root") or not users[-1][0].isdigit():
        said.append("the last USER is to be a number that is not root's: Kubernetes can check no name")
    if [i.name for i in found].count("CMD") != 1:
        said.append("one CMD says what runs")
    copies_all = any(i.name == "COPY" and ". " in f"{i.text} " for i in found)
    if copies_all and not {".env", ".git", "data"} <= ignored:
        said.append("COPY . takes keys, history or data: name .env, .git and data in .dockerignore")
    after_user = found[max(n for n, i in enumerate(found) if i.name == "USER") :] if users else []
    if any(i.name in ("COPY", "RUN") for i in after_user):
        said.append("the program is the user's own, who may change it: COPY and RUN before USER")
    return said
