"""Where values stand: lines put in order, values found among them."""
