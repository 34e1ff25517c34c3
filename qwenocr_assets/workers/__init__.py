"""Worker processes: what may crash, hang or eat memory runs in a process of its own, and costs only itself."""
