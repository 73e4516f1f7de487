"""What makes this server the primary of others: versions, their histories, who is told and who is refused."""
