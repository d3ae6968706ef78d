"""Feeds: what their files say, which reports are acceptable or known, and which feed is silent."""
