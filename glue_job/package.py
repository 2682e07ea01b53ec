"""What lies beside the script: `dagster_pipes`, one pure package, as a zip for Glue's `--extra-py-files`.

So the job needs neither a package index nor the internet, and speaks the protocol of the pipeline that deployed it.
"""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

_DAY_ONE = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip can hold: the same files make the same bytes, whenever and wherever."""


def build(target: Path) -> Path:
    """Write the zip to the file `target`, and give it back. Equal packages give equal bytes."""
    spec = find_spec("dagster_pipes")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("dagster_pipes, which comes with dagster, is not installed")
    folder = Path(spec.origin).parent
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(folder.rglob("*.py")):
            entry = zipfile.ZipInfo(file.relative_to(folder.parent).as_posix(), _DAY_ONE)
            entry.external_attr, entry.create_system = 0o644 << 16, 3
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    return target
