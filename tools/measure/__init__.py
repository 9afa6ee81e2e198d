"""What the measuring programs of tools/ share: servers, the load generator, their arguments, tables and drawings."""
