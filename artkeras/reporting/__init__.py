"""What a person looks at: figures, cards, pages, comparisons, claims, ratings. Reads runs and results."""
