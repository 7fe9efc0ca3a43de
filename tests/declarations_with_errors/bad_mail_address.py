from asynq_mon_codegen import Receiver

mail = Receiver.email("mail", to="orders-team")
