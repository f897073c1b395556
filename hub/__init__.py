"""The central side for many cabinets: facts in, wishes out, a plain page."""
