"""Pure decisions: values in, values out. No clock, disk, process, network or randomness of its own."""
