"""The HTTP API, one file a kind of resource. Each has `routes(system)`: what it serves, over one system."""
