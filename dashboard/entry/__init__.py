"""Who may come in: accounts, the provider's sign-in, tickets, and what stands between the network and the pages."""
