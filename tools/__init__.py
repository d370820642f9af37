"""What makes, checks and measures the course. Nothing in `tutlib` needs it."""
