"""What rules ask about one service, besides who invokes whom. One small module per question.

``alarms``             which queues somebody is told about
``caching``            which methods of a REST API a stage caches
``callers``            how a REST API knows who calls
``capacity``           concurrency as a budget: what functions claim, what is left
``databases``          connections that functions declare, and what each database takes
``dead_letter_kinds``  which kind of dead-letter queue a sender needs, and whether it is in reach
``dead_letters``       which queues are where failed events end
``dependencies``       what CloudFormation makes before a resource
``event_sources``      event source mappings: failed batches, concurrency
``event_targets``      targets of rules, schedules and pipes, and where undelivered events go
``extension``          which build of the Parameters and Secrets extension a function has
``inputs``             what a method's path holds and what it declares
``integrations``       every integration and origin, and how long it waits
``invokers``           who else may invoke a function
``layers``             what each layer of a function was built for
``network``            which way out a function's subnets have
``open_routes``        what nobody has to show anything for
``packages``           how large a function's code is
``queues``             which queues and topics are FIFO
``reach``              which services a function calls over its own network
``rest_apis``          REST APIs, whether written as resources or as OpenAPI
``retries``            which errors the retriers of a task leave out
``roles``              what a function's role may do
``scaling``            Application Auto Scaling of provisioned concurrency
``secrets``            what looks like a secret
``slow_origins``       what answers later than CloudFront waits
``stages``             what each stage sets for which methods
``throttles``          how many requests a stage lets through
``usage_plans``        what usage plans limit, and for whom
``waiting_routes``     routes that wait for an express workflow
``warmers``            schedules that keep a function warm
``workflows``          Lambda tasks, and the longest way through a workflow
``writers``            who may write to a queue or topic
"""

from __future__ import annotations
