"""What the pages' scripts ask for over HTTP."""
