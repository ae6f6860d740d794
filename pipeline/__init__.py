"""Tuban (图斑): from satellite change polygons to county map books, checklists and balanced accounts."""

__version__ = "0.1.0"
