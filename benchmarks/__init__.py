"""What gigops costs, always beside a peer or a limit measured in the same run."""
