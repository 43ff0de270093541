"""Tests of mailtutor.protocols.imap."""
