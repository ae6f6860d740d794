"""Completed checklists: read from whatever door they come through, and merged into one truth."""
