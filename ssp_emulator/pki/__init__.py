"""The emulated Spine certificate authority, the folder it lives in, and the verdict on a client's certificate.

The words of this room:

- authority: a Root CA and the SubCA under it, the shape of the Spine's own hierarchy; the SubCA issues every leaf
- leaf: an end entity's certificate; its file holds the leaf and then the SubCA, so that a server sends the chain
- role: what a leaf is for - consumer, provider or ssp; the SSP has two leaves, as it is a server to consumers
  and a client to providers
- purpose: the one extended key usage of a leaf, clientAuth or serverAuth, never both
- folder: where each file of the PKI lies (`certs/`)
- initialising: filling the folder once, whole or not at all
- issuing: one more leaf for one more FQDN
- faulty: the server certificates that fault rules show, each with one thing wrong; they are in memory alone
- revocation: entering a leaf's serial into the certificate revocation list (CRL)
- listing: every leaf in the folder with what became of it
- holding, consistency: what one side of TLS has, and whether it belongs together and is of today
- verdict: what is wrong, if anything, with the certificate that a client has shown
"""
