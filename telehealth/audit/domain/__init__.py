"""What the chain of seals is made of."""
