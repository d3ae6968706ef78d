"""The commands of `watchfloor`, one file a group. A module here imports at its top only what `--help` needs."""
