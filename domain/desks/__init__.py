"""Desks: shift handover, notes and moved scopes."""
