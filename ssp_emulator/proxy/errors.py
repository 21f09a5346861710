"""What can go wrong on either side of the proxy, in our own words."""

from __future__ import annotations


class ConsumerGone(Exception):  # noqa: N818 - it is a fact, not an error
    """The consumer's connection is closed; nobody reads an answer. Its text, if any, says why we closed it."""


class CutOff(Exception):  # noqa: N818 - it is a fact, not an error
    """A fault has ended the consumer's connection; the exchange is written down."""


class MalformedRequestError(Exception):
    """The consumer's request breaks the rules of HTTP, beyond its head (a bad chunk, say); the text tells it so."""


class ProviderError(Exception):
    """The provider cannot be reached, or does not answer in HTTP; the text says why, for the audit."""


class ProviderTimeoutError(ProviderError):
    """The provider was too slow; `connecting` tells whether that was before there was a connection."""

    def __init__(self, text: str, *, connecting: bool = False) -> None:
        super().__init__(text)
        self.connecting = connecting


class ProviderClosedError(ProviderError):
    """The provider closed the connection before it was done; `answered` tells whether a byte of an answer had come."""

    def __init__(self, text: str, *, answered: bool) -> None:
        super().__init__(text)
        self.answered = answered
