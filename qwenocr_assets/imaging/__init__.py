"""A document becomes page images that the service accepts; boxes are drawn over them; previews are made."""
