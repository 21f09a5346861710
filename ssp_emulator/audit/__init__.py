"""The audit trail: what happened to every request, for whoever asks later. In the order of a record's way:

- trail: where an exchange goes when it is over, and whether any more are let through
- advice: what worked but is not as the specification wants it; a record bears it
- record, model: what is kept of an exchange, and what each field means
- masking: NHS numbers left out of it, where that is asked for
- chain: a record's place, and the digest of the one before, so that what was altered shows
- journal, layout: the files of records, one a line, only ever added to; and their names
- anchor: where a chain begins and ends, so that a cut at either end shows
- durability, keeper, retention: when it is on the disk, what is done every so often, and what goes in the end
- resuming, tail: where the next start goes on, and the end of a chain as it finds it
- auditing: all of these, put together as the settings have it

From there it is read:

- reading, onward: its records in their order, and those from where one has stopped
- question, terms, cursor: which records are wanted, what can be asked about them, and where the next page begins
- index: what questions are answered from
- following, watch: records as they come, and whether there may be any
- explaining: a record in plain words, and what to change
- verifying: whether all of them are there, and as they were written

Beside the trail, metrics count exchanges as they end; dials are those of them that say how things are at the moment.

A trace is all records that bear one trace ID. The audit observes: it knows exchanges, and nothing knows it but the
composition root, the admin API and the commands.

Source: GP Connect 1.6.2, "Cross-organisation audit and provenance"; Spine Core SSP implementation guide, "Audit".
"""
