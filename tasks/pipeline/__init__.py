"""What a step is given, and what steps share."""
