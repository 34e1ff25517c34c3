"""Picture files: what their headers say, which frames are pages, and pixels as a person sees them."""
