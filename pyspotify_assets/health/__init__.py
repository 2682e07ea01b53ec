"""The checks with memory: whether the figures of a day are what they usually are. Pure; knows no lake, SQL or Dagster.

The figures come from the mart `pipeline_health`. What is usual of each of them is in `rules.py`, how it is judged in
`judgement.py`.
"""

VERSION = "1"
"""Part of the mart's fingerprint: raise it when the same figures would be judged otherwise."""
