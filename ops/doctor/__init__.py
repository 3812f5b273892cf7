"""What is wrong here, before it hurts: facts are looked up, pure verdicts say ok, warn or fail."""
