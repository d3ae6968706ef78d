"""The rules as pure code: grids, counters, SLA clocks, alert states and the two folds. No clock, no I/O, no framework."""
