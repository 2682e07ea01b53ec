"""How long a user waits before anything is worked on: definitions, the first page, a day's run, a run with nothing new."""
