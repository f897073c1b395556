"""The domain: facts, pure rules, the journal, the workers."""
