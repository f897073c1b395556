"""Codes, throttle, message texts and SMS gateways."""
