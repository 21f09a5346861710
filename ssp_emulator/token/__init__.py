"""The bearer token: who asks, in what role, for what reason, as a consumer says it for the audit.

- token: three base64url parts, of which the first two are JSON objects; unsigned in GP Connect
- claim: one statement in the token's second part
- dialect: the set of claims that a family of APIs uses: GP Connect 1.x, GP Connect 0.x, Spine Core
- rule: what one claim must be; each rule is a callable from the claims to the faults it finds
- claims: what the audit keeps, whatever the dialect

`parsing` reads, `dialects` holds the rules in their order, `reading` puts the two together, `minting` makes tokens.

Source: GP Connect 1.6.2, "Cross-organisation audit and provenance"; Spine Core, "Security guidance: JWT"; RFC 7519.
"""
