"""The handlers of the orders API, one module a function, and the few modules that they share.

``authorize``        who calls: checks a bearer token
``read_orders``      GET /orders, GET /orders/{order_id}
``place_order``      POST /orders
``notify_customer``  works off POST /orders/{order_id}/notifications, asynchronously
``diagnostics``      GET /diagnostics/{behaviour}: fails on purpose, in the dev stage only

``configuration``    settings and the signing key, through the Parameters and Secrets extension
``order_table``      the orders in DynamoDB
``waits``            how long each downstream call may take, as the construct wrote it down
``answers``          what a proxy integration sends back
"""
