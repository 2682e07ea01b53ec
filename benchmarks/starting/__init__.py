"""How long a user waits before anything is worked on: definitions, the first page, a day, a run with nothing new."""
