"""What clip makes of cut ground: columns, county slices, accounts and doubts of the pieces."""
