"""Measurements, each beside its limit or its peer."""
