from asynq_mon_codegen import Receiver

oncall = Receiver.pagerduty("oncall", routing_key="0123456789abcdef")
