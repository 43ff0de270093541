"""Messages, pure: header fields, addresses, MIME structure (RFC 5322, RFC 2045-2047). Bytes in, facts out."""
