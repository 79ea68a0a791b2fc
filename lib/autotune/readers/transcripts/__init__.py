"""What hosts write down of their sessions, made into rows: a module for each host, pure."""
