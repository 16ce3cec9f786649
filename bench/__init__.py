"""The published figures: each measured beside its peer, in the same run, as a ratio. ``make bench`` prints them all."""
