# What has to hold too: the report is right, line by line.
exec "${PYTHON:-python3}" -E -S -m unittest discover -q tests
