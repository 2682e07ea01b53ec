"""A contender: loads a project's definitions as a code location does: `python -m benchmarks.starting.load MODULE`."""

import json
import sys
from importlib import import_module

import dagster as dg


def main(module: str) -> None:
    loaded = import_module(module).defs
    definitions = loaded() if not isinstance(loaded, dg.Definitions) else loaded
    repository = definitions.get_repository_def()
    steps = {asset.node_def.name for asset in repository.assets_defs_by_key.values() if asset.is_executable}
    print(json.dumps({"assets": len(repository.assets_defs_by_key), "steps": len(steps)}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
