set -e
python3 evaluate.py
