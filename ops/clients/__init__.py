"""One third-party service or piece of the machine a module; nothing else in gigops touches it."""
