"""What things cost: the quote before a call, the budget during it, the ledger after it."""
