"""Tests of the checks with memory: what is judged, ordinary days that pass, and damaged ones that are found."""
