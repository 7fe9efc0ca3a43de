from asynq_mon_codegen import MuteTime

nights = MuteTime(name="nights", start="22:00", end="06:00")
