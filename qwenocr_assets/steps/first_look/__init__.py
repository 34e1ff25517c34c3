"""Documents that are new: tried before anything is kept, and a schema suggested from one."""
