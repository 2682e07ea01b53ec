"""Fuzzing: whatever parses what comes from outside gets broken input, and may only take it or refuse it by name.

    mutations   a sound document made unsound: bytes, texts and JSON trees
    readers     every parser of outside data, each with sound documents to begin with
    law         what must hold of any input: a value, or a PySpotifyError with words; in bounded time
    corpus/     damaged documents that are tried every time, a folder for each reader
    prove       as many as fit into the time that is given: python -m pyspotify_assets_tests.fuzzing.prove --minutes 60

Every input that once broke a parser lies in `corpus/`, named after what is wrong with it.
"""
