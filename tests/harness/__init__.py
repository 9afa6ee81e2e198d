"""What the Python test runners share: RESP on the wire and servers on free loopback ports."""
