"""The listening history, from the ZIP to the page."""
