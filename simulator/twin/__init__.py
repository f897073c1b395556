"""The deterministic twin: the real rules, journal and workers on a virtual clock, with people, faults and a judge."""
