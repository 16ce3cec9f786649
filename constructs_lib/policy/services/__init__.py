"""What rules ask about one service, besides who invokes whom. One small module per question.

``dead_letters``  which queues are where failed events end
``alarms``        which queues an alarm watches
``scaling``       Application Auto Scaling of provisioned concurrency
``rest_apis``     REST APIs with their methods, stages and cache settings, whether written as resources or as OpenAPI
``roles``         what a function's role may do
``network``       which way out a function's subnets have
``packages``      how large a function's code is
"""

from __future__ import annotations
