"""Where the PostgreSQL comes from: a server of gigops's own, a container, or one the user has."""
