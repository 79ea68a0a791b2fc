set -e
python3 train.py --seed "$AUTOTUNE_SEED"
