"""Alerts: four facts of each, who may change them, and the book of a partition."""
