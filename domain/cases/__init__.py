"""Cases: what is kept of a matter, and what people, feeds and time make of it."""
