"""Pictures of one study each."""
