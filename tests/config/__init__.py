"""Tests of settings and rule files."""
