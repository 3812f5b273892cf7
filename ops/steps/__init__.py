"""The verbs a playbook may use; each is a thin line from the engine to a domain."""
