"""Tests of what brings reports in."""
