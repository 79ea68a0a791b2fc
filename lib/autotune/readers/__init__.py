"""What a benchmark printed or wrote, made into samples: a module for each format, pure, and the one word for all of them in `formats`."""
