"""The Dash pages: layouts alone. What changes each second is drawn by the scripts in `assets`."""
