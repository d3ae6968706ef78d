"""Privacy by construction: what is sealed, what is scrubbed, who sees what, and what leaves the vault."""
