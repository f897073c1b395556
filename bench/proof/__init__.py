"""The proofs that take longer than a test: power cuts, planted bugs, tampering, seeds; printed as one table."""
