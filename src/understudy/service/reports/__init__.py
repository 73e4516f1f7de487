"""What the running server shows of itself, as documents."""
