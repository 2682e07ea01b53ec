"""The soak: a year of days with faults everywhere, through schedules and sensors on a clock that is turned by hand.

timeline     the clock, and Dagster and the project living by it
misfortunes  which faults happen when: drawn by a seed, pure
breakable    crawler, SQL engine, stores and runs that break when told to
world        the days: Spotify, the daemon, people who land files, and what they are told
oracle       what should be there, worked out in plain Python, and what became of each day
"""
