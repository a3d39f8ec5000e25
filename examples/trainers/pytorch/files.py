"""Files that are there whole or not at all."""

import contextlib
import json
import os
import pathlib


# What is being written.
PARTS = set()


@contextlib.contextmanager
def whole(path):
    """Gives a path beside `path` to write to, which takes its place when all went well."""
    path = pathlib.Path(path)
    part = path.with_name(f".{path.name}.part")
    PARTS.add(part)
    try:
        yield str(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
        PARTS.discard(part)


def discard_parts():
    for part in list(PARTS):
        part.unlink(missing_ok=True)


def read_rows(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write_lines(path, values):
    with whole(path) as part, open(part, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(value) + "\n" for value in values)
