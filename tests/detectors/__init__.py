"""Checks of the detectors and their bank."""
