"""What rules ask about one service, besides who invokes whom. One small module per question.

``dead_letters``  which queues are where failed events end
``alarms``        which queues an alarm watches
``scaling``       Application Auto Scaling of provisioned concurrency
``rest_apis``     REST APIs with their methods and gateway responses, whether written as resources or as OpenAPI
``stages``        what a stage sets for a method, whether it is a resource or made by a deployment
``caching``       which methods a stage caches
``callers``       how a method knows its caller, and whether a cache key tells callers apart
``inputs``        which parameters a method takes
``throttles``     how many requests per second a stage lets through to which function
``usage_plans``   which usage plans count anybody, and which stages have no throttle at all
``dependencies``  what CloudFormation makes before a resource
``capacity``      what functions set aside of their account's concurrency, and what is left for one of them
``warmers``       which schedules keep a function warm
``databases``     how many connections functions declare, and how many a database takes
``roles``         what a function's role may do
``network``       which way out a function's subnets have
``packages``      how large a function's code is
"""

from __future__ import annotations
