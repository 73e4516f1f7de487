"""What makes this server a secondary of others: what is asked, fetched, kept, and expires."""
