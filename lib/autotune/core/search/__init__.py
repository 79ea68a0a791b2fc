"""What is tried next, where a proposer reads how a text did and writes a better one."""
