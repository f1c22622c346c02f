"""Measure: run a project's networks on its test pictures."""
