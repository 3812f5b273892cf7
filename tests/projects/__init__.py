"""Two applications with migrations of their own, as users of gigops have them."""
