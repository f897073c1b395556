"""Processes in which some files of the source are others: nothing on the disk changes, only what an import finds.

They are forked from one that has imported the libraries and nothing of the product, so each costs what it does itself.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from multiprocessing import get_context
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

ROOT = Path(__file__).parents[2]
LIBRARIES = (
    "apsw",
    "argon2",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.ciphers.aead",
    "fastapi",
    "holidays",
    "httpx",
    "jinja2",
    "msgspec",
    "multiprocessing.pool",
    "phonenumbers",
    "prometheus_client",
    "pyotp",
    "segno",
    "structlog",
    "svg",
)


class Text(SourceFileLoader):
    """A module from a text instead of its file."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._text, self.get_filename(fullname), "exec", dont_inherit=True)


class Changed(MetaPathFinder):
    """Finds the changed modules before anybody else does. `texts`: source by path below the root."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = {path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in texts}
        self._contents = texts
        if early := sorted(set(self._texts) & set(sys.modules)):
            raise ImportError(f"{early} were imported before they were changed")

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a changed module; None for any other."""
        del path, target
        if (found := self._texts.get(fullname)) is None:
            return None
        file = ROOT / found
        folder = [str(file.parent)] if file.name == "__init__.py" else None
        loader = Text(fullname, str(file), self._contents[found])
        return spec_from_file_location(fullname, file, loader=loader, submodule_search_locations=folder)


def call(texts: Mapping[str, str], module: str, function: str, *args: Any) -> tuple[Any, float]:
    """What a function answers where the source is another, and the seconds of processor time of this process."""
    sys.meta_path.insert(0, Changed(texts))
    answer = getattr(importlib.import_module(module), function)(*args)
    return answer, time.process_time()


def processes(workers: int) -> ProcessPoolExecutor:
    """A pool for `call`: a process for each task, so many at a time."""
    context = get_context("forkserver")
    context.set_forkserver_preload([*LIBRARIES])
    return ProcessPoolExecutor(workers, mp_context=context, max_tasks_per_child=1)
