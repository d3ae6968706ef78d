"""Evaluation: records of ended steps and closings, and the figures of a period."""
