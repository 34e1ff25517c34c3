"""Tables in whatever form a model writes them: HTML, Markdown, CSV, LaTeX, JSON."""
