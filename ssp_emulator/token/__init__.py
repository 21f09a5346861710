"""The bearer token: who asks, in what role, for what reason, as a consumer says it for the audit.

- token: three base64url parts, of which the first two are JSON objects; unsigned in GP Connect
- signed token: one whose third part is a signature, asked of senders that are registered with a key
- claim: one statement in the token's second part
- fresh claims, recurring claims: those that are new in each token, and those that a user's tokens have in common
- dialect: the set of claims that a family of APIs uses: GP Connect 1.x, GP Connect 0.x, Spine Core
- rule: what one claim must be; each rule is a callable from the claims to the faults it finds
- claims: what the audit keeps, whatever the dialect

`parsing` reads (`objects` the JSON in it, and what recurs only once), `signing` verifies, `dialects` holds the rules in
their order, `reading` puts them together, `minting` makes tokens.

Source: GP Connect 1.6.2, "Cross-organisation audit and provenance"; Spine Core, "Security guidance: JWT"; RFC 7515;
RFC 7519.
"""
