"""The handlers of the orders system, one module a function, and the few modules that they share.

Deadlines, client settings, parameters and secrets, correlation and telemetry come from ``constructs_lib.runtime``.

``authorize``        who calls: checks a bearer token
``read_orders``      GET /orders, GET /orders/{order_id}
``place_order``      POST /orders
``notify_customer``  works off POST /orders/{order_id}/notifications, asynchronously
``report_orders``    does the jobs of POST /reports
``diagnostics``      GET /diagnostics/{behaviour}: fails on purpose, in the dev stage only
``unguarded``        GET /unguarded/{behaviour}: the same without the runtime library

``queue_order``      hands new orders from the table's stream to a queue
``fulfil_order``     works that queue off, and sends OrderFulfilled
``invoice_order``    takes OrderFulfilled
``list_closable``    the nightly workflow's first step, then ``close_orders`` for each batch, and ``tell_closed``

``configuration``    settings and the signing key, through the Parameters and Secrets extension
``order_table``      the orders in DynamoDB
``order_events``     what is sent to the event bus
``answers``          what a proxy integration sends back
"""
