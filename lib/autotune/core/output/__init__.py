"""What a run left: METRIC lines, outcomes, failed tests."""
