"""For test suites of consumers: an emulator, a provider that answers what the test says, and the trail to hold it to.

`pytest_plugin` gives these parts out as fixtures; it imports them only once a test asks for one.

- options: what the command line and the ini file say, read and examined when pytest starts
- emulated: an emulator as tests meet it, ours or one that is running already: its addresses, certificates, registry
- starting: an emulator of the session's own, in a thread; setting_up: its folder; background: the thread and its loop;
  quiet: where its log goes
- attaching: an emulator that somebody else has started
- certificates: the files that a consumer needs
- asking: what a consumer sends, for tests that do not go through the consumer under test: token, headers, URL
- faulting: fault rules for as long as a block lasts
- trail: the exchanges since the test began, and what to say when they are not as expected
- stub: the provider: expectation (what to answer to what), received (what came), provider (both together)
- errors: what a test, or whoever runs it, has to put right
- ssp: all of this in one object, which a test has as `ssp`
"""
