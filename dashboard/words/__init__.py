"""Every word on a screen, in both languages."""
