"""Logging in, whatever the protocol: SASL (RFC 4422).

mechanisms.py: what each mechanism says, for both sides. exchange.py: the server's side of one attempt. How an exchange
is written on the wire (334 and base64, "+ ", a cancelled one) is each protocol's own.
"""
