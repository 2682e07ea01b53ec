"""AWS: sessions, waiting, refusals, permissions and the secret. What is done with them lies where it belongs:

objects in `stores/s3.py`, crawls in `warehouse/glue_crawler.py`, queries in `warehouse/athena_engine.py`, the stack in
`infra/`. Nothing here knows Dagster; boto3 is imported inside the functions that need it.
"""
