"""What `qwenocr doctor` looks at, one part of it a module."""
