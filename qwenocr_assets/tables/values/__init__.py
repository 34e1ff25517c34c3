"""What a written value says: numbers, amounts of money, days, yes and no. `typed_values` is the way in."""
