"""How a request to a provider can end without an answer to work with."""


class UnknownOutcome(Exception):
    """Nobody knows whether the request had an effect: ask, or send the same again."""


class Refused(Exception):
    """The provider refused the request, in a signed answer.

    :param str code: the provider's code
    :param str message: the provider's words
    """

    def __init__(self, code, message):
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message
