"""Bytes ↔ values. Pure: nothing here opens a file."""
