"""Whoever only needs the names of things here does not wait for libraries."""

import subprocess
import sys

HEAVY = ["spotipy", "requests", "urllib3", "tenacity", "redis", "pandas", "pyarrow", "dagster", "pydantic"]


def test_importing_the_package_loads_no_library():
    program = (
        "import pkgutil, sys, importlib, pyspotify_assets.spotify as package\n"
        "for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "    importlib.import_module(module.name)\n"
        f"print([name for name in {HEAVY} if name in sys.modules], len(sys.modules))"
    )

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603

    assert result.stdout.startswith("[] ")
