"""Alerts: what is seen, what is told of it, by which channel, and what is remembered."""
