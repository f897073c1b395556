"""Pure decisions, one file per behaviour a person would name."""
