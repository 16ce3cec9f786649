"""What runs in Lambda behind an asynchronous API: standard library, the runtime library and Lambda's own boto3 only.

``accept``   answers POST: one record and one message per client token, 202 with the status URL
``status``   answers GET on that URL
``work``     stands around the job's own handler: claims the record, runs the job, writes down how it ended
``records``  the record of a job in DynamoDB, and every step it can take
``messages`` the message of a job in SQS
``clients``  SDK clients with the timeouts of the function's budget
``answers``  what API Gateway sends back

A job is ``accepted`` -> ``running`` -> ``done`` or ``failed``; a failed try takes it back to ``accepted``. Each step is one
conditional write, so that of two readers of one message only one works, and only the one that works can end it.
"""
