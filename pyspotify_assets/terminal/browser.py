"""The user's browser: opened on a page that lies in the lake, or on an address of Spotify's."""

from __future__ import annotations

import shutil
import tempfile
import webbrowser
from pathlib import Path

from pyspotify_assets.errors import PySpotifyError
from pyspotify_assets.stores import Store


def opened(address: str) -> bool:
    """Open it; whether there was a browser that could be asked to."""
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False


def open_page(store: Store, key: str) -> Path:
    """Open a page of the lake as a file; gives which.

    Of a page on S3 that is a copy, in a new folder that only this user can look into: a signed address would open it
    too, and would lie in the browser's history for anybody to use. PySpotifyError where no browser can be opened.
    """
    page = Path(store.uri(key))
    if store.uri(key).startswith("s3://"):
        page = Path(tempfile.mkdtemp(prefix="pyspotify-"), key.rpartition("/")[2])
        with store.local(key) as passing:
            shutil.copyfile(passing, page)
    if not opened(page.absolute().as_uri()):
        raise PySpotifyError(f"No browser could be opened on {page}", "Open that file yourself, or set BROWSER.")
    return page
