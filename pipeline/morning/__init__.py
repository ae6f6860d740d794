"""What managers look at each morning: values in, one page out."""
