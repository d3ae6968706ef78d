"""Commands: checked, sealed, written to the journal, and answered by the fold."""
