"""What to do when workers are down or restart."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.systems import PROCESS_CPU, PROCESS_RSS, WORKER_UP
from asynq_mon_codegen.catalog.records import ACTIVE, PENDING, PROCESSED
from asynq_mon_codegen.catalog.targets import WORKERS_UP
from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, redis_cli, shell

WORKERS_DOWN = Runbook(
    meaning="Prometheus reaches no worker at all: every worker target has `up` 0, or the last one left service "
    "discovery within the past hour. At the same time tasks are pending. In asynq the workers also do the "
    "housekeeping, so without one no due scheduled or retried task becomes pending, no orphan is recovered and no "
    "aggregation group is flushed.",
    impact="Nothing is processed in any queue. Producers notice nothing: enqueueing goes on, and Redis fills by what "
    "it is given. Tasks that were running when the workers died stay `active` until 60 to 120 seconds after one is "
    "back and then run again, so handlers that are not idempotent act twice.",
    causes=(
        Cause(
            "A release that does not start",
            "The workers vanished at the minute of a deploy and there is no server in Redis. The first lines of a new "
            "process tell: a panic, a missing variable, `asynq: could not start server` or a queue map without queues.",
            (
                shell(
                    "kubectl get pods -A -l app=asynq-worker -o wide", "pods and their restarts (use your own label)"
                ),
                shell(
                    "kubectl logs deployment/asynq-worker --previous --tail=50",
                    "the last words of the process before; look for `panic:` and `could not`",
                ),
                shell("journalctl -u asynq-worker -n 50 --no-pager", "the same on a plain host"),
            ),
        ),
        Cause(
            "Scaled to zero, or never scaled up again",
            "Zero replicas are wanted, by a person, an autoscaler or a job that stops workers at night. Autoscalers "
            "that count pending tasks bring them back by themselves; those that count CPU never do.",
            (
                shell("kubectl get deployment,hpa,scaledobject -A | grep -i asynq"),
                promql_query(
                    WORKER_UP.count(by="job"), "worker targets that Prometheus still knows; none: they were removed"
                ),
            ),
        ),
        Cause(
            "Workers cannot reach Redis and exit",
            "AsynqRedisDown or AsynqQueueMetricsMissing fires too, or did a minute earlier. A running worker survives "
            "a loss of Redis and retries, but one that starts without it exits, and an orchestrator then restarts it "
            "for ever.",
            redis_cli(
                "redis-cli -u redis://127.0.0.1:6379 ping", "run it where the workers run; PONG rules this cause out"
            ),
        ),
        Cause(
            "Only Prometheus cannot see them",
            "Tasks are still processed. Then the network policy, the port of /metrics or the scrape configuration "
            "changed, and the tasks wait for another reason or not for long.",
            (
                promql_query(PROCESSED, "above 0: workers live"),
                asynq_cli("asynq server ls", "servers whose heartbeat in Redis is younger than 10 seconds"),
            ),
        ),
    ),
    actions=(
        Step(
            "Make sure that they are really gone. An empty list means that no worker has sent a heartbeat for 10 "
            "seconds.",
            asynq_cli("asynq server ls"),
        ),
        Step(
            "If a deploy broke them, roll it back before you look for the reason; tasks wait, they are not lost.",
            (
                shell("kubectl rollout undo deployment/asynq-worker"),
                shell("kubectl rollout status deployment/asynq-worker --timeout=120s"),
            ),
        ),
        Step(
            "If they were scaled down, scale them up to what they had.",
            shell("kubectl scale deployment/asynq-worker --replicas=3"),
        ),
        Step(
            "Before they start on a large backlog, think of what the handlers call: all slots go to work at once. "
            "Where that hurts, pause the heavy queues, start the workers, and release one queue after the other.",
            (
                promql_query(PENDING, "what waits per queue"),
                asynq_cli("asynq queue pause low"),
                asynq_cli("asynq queue unpause low"),
            ),
        ),
        Step(
            "Watch two minutes longer than the first success: orphans of the crash are recovered 60 to 120 seconds "
            "after the start and count as failed attempts then. That bump of failures is expected.",
            promql_query(ACTIVE, "falls to what the new workers really run"),
        ),
    ),
    tuning="Workers that stop every night by plan are best muted for that time (`MuteTime` on a `Route`), not tuned "
    "away. To wait longer before paging:\n\n"
    "```python\n"
    'slower = evolve(asynq.ALERTS["AsynqWorkersDown"], hold="5m")\n'
    "monitoring = Monitoring(alerts=asynq.ALERTS.replace(slower))\n"
    "```\n\n"
    "If other processes (schedulers, producers) are scraped under a job whose name contains `asynq`, name the workers: "
    "`Scrape(worker='job=\"orders-worker\"')`.",
    lies="Blind where workers are not scraped, where a scheduler or producer counts as a worker because its job name "
    "contains `asynq`, and while the exporter shows no queues (AsynqQueueMetricsMissing): without them nobody knows "
    "that tasks wait. A fleet that left service discovery is remembered for one hour; after that this alert resolves "
    "although nothing is well, and AsynqQueueStalled alone goes on. Of several fleets on one identity, one must still "
    "be up for this to stay silent: a queue served by the dead fleet only shows as AsynqQueueStalled.",
)

WORKER_DOWN = Runbook(
    meaning="One worker target is still in service discovery but has not answered a scrape for five minutes. The "
    "process is dead, hangs so badly that its HTTP server does not answer, or cannot be reached. Others of its kind "
    "are up.",
    impact="Capacity is short by this worker's slots. What it was running when it died came back after 60 to 120 "
    "seconds as a failed attempt (`asynq: task lease expired`) and was retried elsewhere. While the rest has room, "
    "users see nothing.",
    causes=(
        Cause(
            "The process died and nobody started it again",
            "It is not among the servers in Redis, and its host answers. Exit code 137 is a kill (memory, or a stop "
            "that took too long), 2 a Go panic.",
            (
                asynq_cli("asynq server ls", "the host of {instance} is missing"),
                shell('ssh "${INSTANCE%:*}" systemctl status asynq-worker', "exit code and last lines on a plain host"),
                shell(
                    'kubectl get pods -A -o wide | grep "${INSTANCE%:*}"',
                    "phase and restarts where the instance is a pod's address",
                ),
            ),
        ),
        Cause(
            "Its host is gone",
            "Other targets of the same host are down as well.",
            promql_query(
                'up{instance=~"HOST(:[0-9]+)?"}', "in place of HOST the instance without its port; all 0: the host"
            ),
        ),
        Cause(
            "It lives and works, but /metrics does not answer",
            "It is among the servers in Redis and has active tasks. All its memory or CPU may be used up, or the "
            "scrape takes longer than its timeout.",
            (
                asynq_cli("asynq server ls", "the host of {instance} is there and its state is active"),
                shell("time curl -sS -m 30 http://{instance}/metrics | tail -1", "compare with the scrape timeout"),
            ),
        ),
        Cause(
            "It was taken away on purpose, but not out of the configuration",
            "A host was retired or a static target renamed. Nothing else complains.",
            promql_query(WORKER_UP, "0 for exactly the targets that are meant to be gone"),
        ),
    ),
    actions=(
        Step(
            "See whether the rest copes. If nothing waits, this can be done by day.",
            (promql_query(WORKERS_UP, "workers that are left"), promql_query(PENDING, "what waits")),
        ),
        Step(
            "Keep what explains the death before you restart: the last 200 lines, and the goroutines if it still "
            "answers.",
            (
                shell(
                    'ssh "${INSTANCE%:*}" journalctl -u asynq-worker -n 200 --no-pager', "`panic:`, `signal: killed`"
                ),
                shell(
                    "curl -s http://{instance}/debug/pprof/goroutine?debug=2 > goroutines.txt", "where pprof is served"
                ),
            ),
        ),
        Step(
            "Start it again. With a termination signal it gets 8 seconds (`ShutdownTimeout`) to finish, then puts its "
            "tasks back; a kill -9 costs every running task an attempt.",
            (
                shell('ssh "${INSTANCE%:*}" sudo systemctl restart asynq-worker'),
                shell("kubectl delete pod POD", "in place of POD the pod that hangs; its deployment makes a new one"),
            ),
        ),
        Step(
            "If it is retired, remove it from the scrape configuration and reload Prometheus; the alert then resolves."
        ),
    ),
    tuning="A fleet that autoscales with static targets, or spot instances, may need longer:\n\n"
    "```python\n"
    'patient = evolve(asynq.ALERTS["AsynqWorkerDown"], hold="20m")\n'
    "monitoring = Monitoring(alerts=asynq.ALERTS.replace(patient))\n"
    "```",
    lies="Silent when a target leaves service discovery (a deploy, an evicted pod): then only AsynqWorkersDown and the "
    "queues tell. Silent for a crash loop, whose `up` never stays 0 for five minutes; AsynqWorkerRestarting sees that. "
    "Wrong for finished pods that service discovery keeps; drop targets whose pod phase is Succeeded or Failed.",
)

WORKER_RESTARTING = Runbook(
    meaning="The start time of one worker process changed more often in half an hour than deploys explain. It starts, "
    "takes tasks, dies, and is started again by its supervisor. `up` looks nearly healthy meanwhile, which is why no "
    "other alert about targets has to fire.",
    impact="Every death leaves up to `Concurrency` tasks in `active` for 60 to 120 seconds; each then loses an attempt "
    "as `asynq: task lease expired`. Tasks with few retries end in the archive without a fault of their own, and a "
    "task that causes the crash is handed from worker to worker.",
    causes=(
        Cause(
            "A panic outside the handler's own goroutine",
            "asynq recovers a panic inside ProcessTask; one in a goroutine that the handler started kills the process. "
            "Exit code 2, and the log ends with `panic:` or `fatal error: concurrent map`.",
            (
                shell("kubectl logs POD --previous --tail=100 | grep -n -A20 -E 'panic:|fatal error:'"),
                shell(
                    'ssh "${INSTANCE%:*}" "journalctl -u asynq-worker --since -30min --no-pager | '
                    "grep -n -A20 -E 'panic:|fatal error:'\""
                ),
            ),
        ),
        Cause(
            "Killed for its memory",
            "Exit code 137; AsynqWorkerOOMKilled fires in Kubernetes, or the kernel log names the process. Resident "
            "memory climbs steeply before each restart.",
            (
                promql_query(PROCESS_RSS, "a saw-tooth whose teeth end at the same height"),
                shell('ssh "${INSTANCE%:*}" "dmesg -T | grep -i -E \'killed process|out of memory\' | tail -5"'),
            ),
        ),
        Cause(
            "A poison task",
            "Each crash comes within seconds of a start, and the same task id has `lease expired` as its last error "
            "again and again while its retry count grows.",
            asynq_cli(
                "asynq task ls --queue=QUEUE --state=retry --size=50",
                "in place of QUEUE each queue that this worker serves: look for `lease expired` and a high Retried",
            ),
        ),
        Cause(
            "A liveness probe that is too strict",
            "No panic and no kill for memory; the events say `Liveness probe failed`. Typical where the probe asks "
            "Redis, or where CPU is throttled.",
            (
                shell("kubectl describe pod POD | grep -A3 -E 'Liveness|Last State|Unhealthy'"),
                promql_query(PROCESS_CPU.rate("5m"), "at its limit: the probe starves with the rest"),
            ),
        ),
        Cause(
            "It cannot start: configuration or Redis",
            "It never lives longer than a few seconds and never appears as a server.",
            asynq_cli("asynq server ls", "the host of {instance} never appears"),
        ),
    ),
    actions=(
        Step(
            "See how long it lives each time, and whether one worker does it or all.",
            promql_query(
                'changes(process_start_time_seconds{job="{job}"}[30m])',
                "restarts per worker: one is a host, all are a release or a task",
            ),
        ),
        Step("All of them since a deploy: roll back.", shell("kubectl rollout undo deployment/asynq-worker")),
        Step(
            "A poison task: take it out of the way. Archiving keeps its payload for later; deleting does not.",
            (
                asynq_cli("asynq task inspect --queue=QUEUE --id=ID", "keep this output"),
                asynq_cli("asynq task archive --queue=QUEUE --id=ID"),
            ),
        ),
        Step(
            "If you cannot tell which task it is, pause the queues of this worker one by one until it stays up for "
            "five minutes; the last one paused holds it.",
            (asynq_cli("asynq queue pause QUEUE"), asynq_cli("asynq queue unpause QUEUE")),
        ),
        Step(
            "Afterwards look for the innocent: tasks that were archived with `lease expired` during the crashes can "
            "run again.",
            (
                asynq_cli("asynq task ls --queue=QUEUE --state=archived --size=50"),
                asynq_cli("asynq task run --queue=QUEUE --id=ID"),
            ),
        ),
    ),
    tuning="Workers that a supervisor recycles on purpose (every N tasks, every few minutes) need their own number:\n\n"
    "```python\n"
    'recycled = evolve(asynq.ALERTS["AsynqWorkerRestarting"], when=Above(warning=8, critical=20))\n'
    "monitoring = Monitoring(alerts=asynq.ALERTS.replace(recycled))\n"
    "```",
    lies="A restart between two scrapes is one change, so a loop faster than the scrape interval is counted too low. "
    "Blind where each start gets a new address (a new pod per crash, a `docker run` without a fixed port), for every "
    "start is a new target then. Two processes behind one load-balanced target look like a restart at every scrape: "
    "scrape each process for itself. It stays for up to half an hour after the last crash.",
)
