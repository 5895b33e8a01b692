"""What scripts/bench measures: inputs, the program at work, and the report."""
