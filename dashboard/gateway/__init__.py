"""The live gateway: read models followed, worked out once, and written to every screen that watches."""
