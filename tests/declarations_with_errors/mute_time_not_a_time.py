from asynq_mon_codegen import MuteTime

nights = MuteTime(name="nights", start="8pm")
