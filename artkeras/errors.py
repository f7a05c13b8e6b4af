"""The one exception that people who use the kit are meant to read."""


class UserError(ValueError):
    """Something that the person at the keyboard can put right.

    The message is one line that says what is wrong and what to do about it. The command line prints
    it without a traceback and exits with status 2; in a notebook it is an ordinary `ValueError`.
    """
