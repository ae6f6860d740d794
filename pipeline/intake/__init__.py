"""What came, reckoned: parsed layers in; counties, patches, duplicates and defects out."""
