"""The software-defined assets: thin. What they do is done by functions of `daily/`; here it gets keys and a graph."""
