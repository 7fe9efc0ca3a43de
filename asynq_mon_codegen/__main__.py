"""``python -m asynq_mon_codegen`` is ``asynq-mon``."""

from asynq_mon_codegen.cli import main

if __name__ == "__main__":
    main()
