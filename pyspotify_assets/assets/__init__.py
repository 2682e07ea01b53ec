"""The software-defined assets: thin. What they do is done by pure functions elsewhere; here it gets its key and graph."""
