"""What the user sees. `rows` decides what to say, `reporter` listens to doit, `terminal` draws with
rich (imported only when there is something to draw), `plain` writes lines for files and pipes,
`progress` shows a step at work."""
