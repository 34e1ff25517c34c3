"""Texts as other things see them: as names of SQL, and as what people type to find them."""
