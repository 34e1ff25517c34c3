"""Key values that models write as JSON, also where it is broken."""
