"""The command that serves archives to other workspaces, as a mirror that they name."""
