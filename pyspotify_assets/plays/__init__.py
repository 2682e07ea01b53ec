"""The listening history: Spotify's own export of everything that a listener has played, as the table `plays`.

    export      the ZIP: which files of it are the history, and its records one by one, whatever somebody put into it
    records     a record as a typed play, or the reason why it is none
    merge       plays of several exports as one: each once, in order
    years       an export's plays by year, and each year with what is new in it
    take        from a ZIP in landing to the years of `refined/plays`
    json_array  a JSON array that may be larger than memory
    listening   the marts over them, by SQL
    page        the page about them

It needs no app, no quota and no regime of Spotify's. Nothing here knows Dagster.
"""
