"""The imperative side, kept dumb: git, the working tree, processes, the ledger file, files, locks, the machine."""
