"""Tests of the whole on an AWS endpoint that crawls and queries for real: PYSPOTIFY_TEST_AWS_ENDPOINT says which.

Any will do: a stand-in, or AWS itself (then an empty text for its own endpoints, and credentials of an administrator).
"""
