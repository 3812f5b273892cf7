"""As `manage.py makemigrations` wrote them, and one that fills a table."""
