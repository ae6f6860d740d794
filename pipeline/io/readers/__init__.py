"""Readers of formats beyond shapefile, GeoPackage and GeoJSON: one file each, a path in, `Raw` layers out.

They run in the parser child on private copies, keep every record they can count, and never write beside what they read.
"""
