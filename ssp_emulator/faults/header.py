"""The header field by which a request asks for fault rules, by their names with commas between them."""

ASK = "X-Ssp-Emulator-Fault"
