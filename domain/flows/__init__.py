"""The way of a case as data: steps and actions, the file they are read from, and what an action makes of a case."""
