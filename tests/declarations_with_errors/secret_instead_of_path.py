from asynq_mon_codegen import Receiver

oncall = Receiver.pagerduty("oncall", routing_key_file="0123456789abcdef")
