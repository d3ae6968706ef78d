"""The Faust application: topics, whole-fetch batches, agents, state, snapshots and sinks."""
