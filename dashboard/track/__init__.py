"""The public tracking page."""
