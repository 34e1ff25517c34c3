"""The review loop: what people should look at goes out, what they say comes back as rows of `corrections`."""
