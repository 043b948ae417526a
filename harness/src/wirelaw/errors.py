"""The errors that reach a user as one sentence."""


class UserError(Exception):
    """Something the user can put right.

    The text is one clear sentence that says what is wrong, where, and what to do. The command line
    prints it on standard error and exits with 2, without a traceback. It never holds credentials.
    """
