"""The mechanisms: one process per file, each the only writer of its columns."""
