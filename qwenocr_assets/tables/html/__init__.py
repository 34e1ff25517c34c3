"""Tables that models write as HTML."""
