"""What AWS Glue runs: `refine.py`, the script; and `package.py`, what is put beside it. Nothing of the pipeline imports
the script: it is a file that deploy uploads."""
