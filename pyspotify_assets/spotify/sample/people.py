"""The made-up people and playlists that matter by name: who owns what, and who may read it.

Every playlist id that is not here belongs to a stranger and is public, with tracks to a taste of its own.
"""

from dataclasses import dataclass

from pyspotify_assets.spotify.sample.charts import MOST_PLAYED

LISTENER = "listener"
"""The user whom an authorisation makes the app speak for."""
STRANGER = "sample"
SPOTIFY = "spotify"

OWN_PLAYLIST = "0wnSamplePlaylist00001"
"""The listener's own, public."""
PRIVATE_PLAYLIST = "0wnSamplePlaylist00002"
"""The listener's own, private."""
SHARED_PLAYLIST = "5haredSamplePlaylist01"
"""A stranger's, private, on which the listener collaborates."""
ODD_PLAYLIST = "0ddSamplePlaylist00001"
"""The listener's own, public: every record of `odd_records.CATALOGUE` once, in that order."""
HIDDEN_PLAYLIST = "4lienSamplePlaylist001"
"""A stranger's, private: to others as if it were not there."""
EDITORIAL_PLAYLIST = "37i9dQSampleEditorial1"
"""One of Spotify's own. So is every id that begins with 37i9dQ."""
GONE_PLAYLIST = "9oneSamplePlaylist0001"
"""Deleted."""

SCOPES = {
    "playlist-read-private": "private playlists",
    "playlist-read-collaborative": "playlists shared with others",
    "user-top-read": "top tracks",
    "user-library-read": "saved tracks",
    "user-read-recently-played": "recently played",
    "user-read-private": "country and product",
}
"""What a user may allow an app to read."""


@dataclass(frozen=True)
class Playlist:
    """One playlist. `scope` is what a user's token needs to read it."""

    id: str
    name: str
    owner: str = STRANGER
    public: bool = True
    collaborators: tuple[str, ...] = ()
    scope: str = ""

    def is_of(self, user: str) -> bool:
        """Whether `user` owns it or collaborates on it."""
        return bool(user) and (user == self.owner or user in self.collaborators)


_KNOWN = {
    playlist.id: playlist
    for playlist in (
        Playlist(MOST_PLAYED, "Most played"),
        Playlist(OWN_PLAYLIST, "Mine", LISTENER),
        Playlist(PRIVATE_PLAYLIST, "Mine alone", LISTENER, public=False, scope="playlist-read-private"),
        Playlist(SHARED_PLAYLIST, "Ours", public=False, collaborators=(LISTENER,), scope="playlist-read-collaborative"),
        Playlist(ODD_PLAYLIST, "Odd records", LISTENER),
        Playlist(HIDDEN_PLAYLIST, "Theirs", public=False),
    )
}


def playlist_of(identity: str) -> Playlist | None:
    """The playlist of that id; None where there is none any more."""
    if identity == GONE_PLAYLIST:
        return None
    if identity.startswith("37i9dQ"):
        return Playlist(identity, "Made up by Spotify", SPOTIFY)
    return _KNOWN.get(identity) or Playlist(identity, "A playlist")
