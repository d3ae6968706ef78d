"""How fast it is, as ratios of medians in one run: `make bench` writes docs/performance.md."""
