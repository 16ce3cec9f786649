"""The handlers of the stadiums system: a table in Aurora PostgreSQL, a Redis or Valkey in front of it, the runtime library.

``read_stadiums``  GET /stadiums?country=ES, GET /stadiums/{stadium_id}

``configuration``  settings and the database's address, through the Parameters and Secrets extension
``connection``     connects to the database: TLS, a password that is rotated or IAM, no wait without an end
``database``       one connection for all invocations of a sandbox
``stadium_table``  what is asked of the table
``answers``        what a proxy integration sends back, and the cache of it
``schema.sql``     the table itself
"""
