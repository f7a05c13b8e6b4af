"""The command line: kinds of arguments, and what a console can show."""
