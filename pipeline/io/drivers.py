"""Which GDAL drivers may touch strangers' files, and the environment that holds them to it.

`GDAL_SKIP` must be in the environment before GDAL is imported; `driver=` arguments of pyogrio are ignored in silence,
so this list is the lock. The names are all drivers of the GDAL builds inside rasterio, fiona and pyogrio; a test
compares them with the installed ones, so that an upgrade cannot bring in a new door unnoticed.
"""

from __future__ import annotations

ALLOWED = ("ESRI Shapefile", "GPKG", "GeoJSON", "MEM", "Memory")

KNOWN = ["AAIGrid", "ACE2", "ADBC", "ADRG", "AIG", "AIVector", "AVCBin", "AVCE00", "AirSAR", "AmigoCloud", "BAG", "BIGGIF", "BLX", "BMP", "BSB", "BT", "BYN", "CAD", "CALS", "CEOS", "COASP", "COG", "COSAR", "CPG", "CSV", "CSW", "CTG", "CTable2", "Carto", "DAAS", "DERIVED", "DGN", "DIMAP", "DIPEx", "DOQ1", "DOQ2", "DTED", "DXF", "ECRGTOC", "EDIGEO", "EEDA", "EEDAI", "EHdr", "EIR", "ELAS", "ENVI", "ERS", "ESAT", "ESRI Shapefile", "ESRIC", "ESRIJSON", "Elasticsearch", "FAST", "FIT", "FlatGeobuf", "GDALG", "GFF", "GIF", "GML", "GNMDatabase", "GNMFile", "GPKG", "GPSBabel", "GPX", "GRASSASCIIGrid", "GRIB", "GS7BG", "GSAG", "GSBG", "GSC", "GTFS", "GTI", "GTX", "GTiff", "GXF", "GenBin", "GeoJSON", "GeoJSONSeq", "GeoRSS", "Geoconcept", "HDF5", "HDF5Image", "HF2", "HFA", "HTTP", "ILWIS", "IRIS", "ISCE", "ISG", "ISIS2", "ISIS3", "Idrisi", "JAXAPALSAR", "JDEM", "JML", "JP2OpenJPEG", "JPEG", "JSONFG", "KML", "KMLSUPEROVERLAY", "KRO", "L1B", "LAN", "LCP", "LIBKML", "LOSLAS", "LVBAG", "Leveller", "MAP", "MBTiles", "MEM", "MFF", "MFF2", "MRF", "MSGN", "MVT", "MapInfo File", "MapML", "Memory", "MiraMonVector", "NDF", "NGSGEOID", "NGW", "NITF", "NOAA_B", "NSIDCbin", "NTv2", "NWT_GRC", "NWT_GRD", "OAPIF", "ODS", "OGCAPI", "OGR_GMT", "OGR_PDS", "OGR_VRT", "OSM", "OZI", "OpenFileGDB", "PAux", "PCIDSK", "PCRaster", "PDF", "PDS", "PDS4", "PGDUMP", "PLMOSAIC", "PLSCENES", "PMTiles", "PNG", "PNM", "PRF", "R", "RIK", "RMF", "ROI_PAC", "RPFTOC", "RRASTER", "RS2", "RST", "Rasterlite", "S102", "S104", "S111", "S57", "SAFE", "SAGA", "SAR_CEOS", "SDTS", "SENTINEL2", "SGI", "SIGDEM", "SNAP_TIFF", "SNODAS", "SQLite", "SRP", "SRTMHGT", "STACIT", "STACTA", "SVG", "SXF", "Selafin", "TGA", "TIGER", "TIL", "TSX", "Terragen", "TopoJSON", "UK .NTF", "USGSDEM", "VDV", "VFK", "VICAR", "VRT", "WAsP", "WCS", "WEBP", "WFS", "WMS", "WMTS", "XLSX", "XPM", "XYZ", "ZMap", "Zarr", "netCDF"]


def parser_environment() -> dict[str, str]:
    """The environment of a process that parses strangers' files."""
    skipped = ",".join(one for one in KNOWN if one not in ALLOWED)
    return {
        "GDAL_SKIP": skipped,
        "OGR_SKIP": skipped,
        "GDAL_PAM_ENABLED": "NO",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "none",
        "OGR_GEOJSON_MAX_OBJ_SIZE": "1000",
        "SHAPE_RESTORE_SHX": "NO",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "LANG": "C.UTF-8",
    }
