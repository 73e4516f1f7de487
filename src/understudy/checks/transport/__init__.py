"""How octets reach an endpoint: addresses, connections, TLS, datagrams, HTTP exchanges; shared by the kinds."""
