from asynq_mon_codegen import MuteTime

weekend = MuteTime(name="weekend", weekdays=("saturday", "sonday"))
