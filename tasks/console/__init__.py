"""What the user sees. `rows` decides what to say, and says it in lines for files and pipes;
`reporter` listens to doit, `terminal` draws with rich (imported only when there is something to
draw), `progress` shows a step at work."""
