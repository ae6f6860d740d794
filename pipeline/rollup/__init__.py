"""What was found, summed up from counties to the province: reckoned once, written as `reports/rollup.xlsx`."""
