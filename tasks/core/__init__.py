"""What everything stands on: errors, files, paths, receipts, text. Knows nothing of the rest."""
