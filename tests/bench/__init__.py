"""Speed, as ratios and against the floors the project set itself. Run by `make bench`; no test depends on it."""
