"""What the plugin of pytest does in a run that has caches: loaded by nothing else."""
