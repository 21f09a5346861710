"""A Postman collection of every interaction: a folder for each capability, a request for each interaction.

- collection: the file that Postman imports; who asks whom comes out of a registry
- about: what its script knows of each request, to make a fresh token for it
- wording: queries and bodies that make a request one which a provider can answer

Source: Postman Collection Format v2.1.0; GP Connect 1.6.2 for the requests.
"""

from ssp_emulator.demo.postman.collection import collection

__all__ = ["collection"]
