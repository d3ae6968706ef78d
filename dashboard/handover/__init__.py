"""Shift handover: the page that fills itself, its paper, and its signatures."""
