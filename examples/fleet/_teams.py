"""Receivers that several services share: files whose name begins with ``_`` are there to be imported."""

from asynq_mon_codegen import Receiver, Severity

pager = Receiver.pagerduty("checkout-oncall", routing_key_file="/etc/alertmanager/secrets/checkout")
chat = Receiver.slack("checkout", channel="#checkout-alerts")

CHECKOUT = {Severity.CRITICAL: (pager, chat), Severity.WARNING: chat, Severity.INFO: chat}
