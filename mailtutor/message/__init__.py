"""Messages, pure: header fields, addresses, MIME structure (RFC 5322, RFC 2045-2047). Bytes in, facts out.

mime.py is the tree of parts that IMAP tells of; anatomy.py the same tree for a reader, with its delimiters and with
what is wrong. Facts are ranges of the message's own octets and keys without words: pieces (of fields), steps (of
decoding), defects, hops, links. Nothing raises, whatever the bytes, and what is read of them is bounded.
"""
