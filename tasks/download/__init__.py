"""Step 1: have the archive at hand, from a local file, the cache, or a server."""
