"""Programs that count recorded feeds with plain csv and json, and with none of the product's code: what the product must equal."""
