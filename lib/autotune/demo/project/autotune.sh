# What is tuned: prints METRIC report_cost=…, the cost of one report. Needs no installed package, so it starts without looking for any.
exec "${PYTHON:-python3}" -E -S benchmark.py
