"""Commands for documents that are new: `qwenocr try`, `qwenocr suggest`."""
