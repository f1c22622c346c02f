"""What the steps train and export share."""
