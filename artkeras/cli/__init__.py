"""The command line: one module a command, the types of their arguments, and what a console can show."""
