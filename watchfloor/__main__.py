"""`python -m watchfloor` is the command `watchfloor`."""

from watchfloor.cli import main

main()
