"""Read models, the live gateway and the Dash pages."""
