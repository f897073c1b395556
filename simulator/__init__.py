"""A simulated cabinet: boards and doors as pure models, and the process that serves them as real Modbus."""
