"""The one layer that knows both the steps and doit."""
