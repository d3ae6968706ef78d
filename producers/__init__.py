"""Feeds to Kafka: the simulator, file replay and the Open311 poller."""
