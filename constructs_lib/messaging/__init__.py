"""Work handed from one part of a system to another, so that waits, failure paths and capacity fit together.

``queue_worker``   :class:`QueueWorker`: a queue, its dead-letter queue, and the mapping that hands batches to a function
``stream_worker``  :class:`StreamWorker`: the mapping from a Kinesis or DynamoDB stream, past records that always fail
``event_rule``     :class:`EventRule`: events of a bus to a function, with dead letters of their own
``schedule``       :class:`FunctionSchedule`: a function at certain times, never over itself by accident
``topic_subscription`` :class:`TopicSubscription`: messages of an SNS topic to a function
``targets``        what a function must be to take events
``readers``        what a function must be to read a queue or a stream
``batches``        batch sizes and windows
``concurrency``    how many batches at once, against what the function has reserved
``stream_source``  what a stream mapping reads, and what it can be asked for
``stream_waits``   how long a stream's records may wait, derived and proven
``given_queue``    proving a queue that somebody else made
"""
