"""The exported page in a real browser: `make browser` installs Debian's Chromium and runs these."""
