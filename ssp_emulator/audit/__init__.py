"""The audit trail: what happened to every request, for whoever asks later.

- record: one exchange as it is kept, a JSON object whose fields docs/audit.md names
- journal: the file of records, one a line, only ever added to
- trace: all records that bear one trace ID

The audit observes. It knows exchanges, and nothing knows it but the composition root and the commands.

Source: GP Connect 1.6.2, "Cross-organisation audit and provenance"; Spine Core SSP implementation guide, "Audit".
"""
