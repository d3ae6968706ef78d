"""The front door: the command line, the composition root and the embedded mode."""
