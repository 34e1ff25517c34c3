"""Documents, tables and formulas that models write as LaTeX."""
