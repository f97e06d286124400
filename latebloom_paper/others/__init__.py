"""Other groups' laws in their own settings: one module per study, each with a verdict."""
