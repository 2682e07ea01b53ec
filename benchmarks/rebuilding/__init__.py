"""How long it takes to make refined anew from raw: many days of both feeds as one run, on a folder and on S3."""
