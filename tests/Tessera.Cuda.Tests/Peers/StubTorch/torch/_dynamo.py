def reset():
    """Forgets what was compiled."""
