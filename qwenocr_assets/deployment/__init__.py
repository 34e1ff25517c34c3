"""What runs the project on more than a laptop, written from the settings: Dagster's files, units, Kubernetes."""
