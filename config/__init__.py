"""Settings, and the rule files a town edits."""
