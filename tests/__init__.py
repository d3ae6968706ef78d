"""Claims about watchfloor, each of them run."""
