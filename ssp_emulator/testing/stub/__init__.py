"""The stub provider: answers what a test says, and the demo provider's documents to everything else.

- expectation: which requests are answered how, and how many of them there were
- received: a request as the provider got it
- provider: both together, behind the mutual TLS of the demo provider
"""

from ssp_emulator.testing.stub.expectation import Answer
from ssp_emulator.testing.stub.received import Received

__all__ = ["Answer", "Received"]
