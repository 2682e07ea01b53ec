"""Tests of the Spotify client, the snapshot, and the sample."""
