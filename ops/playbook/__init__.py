"""The run engine: a playbook, a journal, and one loop; it does not know what a step does."""
