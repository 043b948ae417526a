"""Reports of runs, rendered from results.json and nothing else."""
