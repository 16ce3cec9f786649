"""The reference stacks: what ``cdk deploy`` deploys."""
