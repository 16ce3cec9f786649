"""The handlers of the orders system, one module a function, and the few modules that they share.

Deadlines, client settings, parameters and secrets, correlation and telemetry come from ``constructs_lib.runtime``.

``authorize``        who calls: checks a bearer token
``read_orders``      GET /orders, GET /orders/{order_id}
``place_order``      POST /orders
``notify_customer``  works off POST /orders/{order_id}/notifications, asynchronously
``diagnostics``      GET /diagnostics/{behaviour}: fails on purpose, in the dev stage only
``unguarded``        GET /unguarded/{behaviour}: the same without the runtime library

``configuration``    settings and the signing key, through the Parameters and Secrets extension
``order_table``      the orders in DynamoDB
``answers``          what a proxy integration sends back
"""
