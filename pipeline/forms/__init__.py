"""What people fill in: one form, declared once, becomes workbook, GeoPackage and QGIS project."""
