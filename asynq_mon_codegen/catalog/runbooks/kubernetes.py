"""What to do when Kubernetes holds a worker's container back, or kills it."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.systems import CONTAINER_MEMORY, CONTAINER_MEMORY_LIMIT
from asynq_mon_codegen.catalog.records import LATENCY, RETRY
from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, shell

WORKER_THROTTLED = Runbook(
    meaning="The container has a CPU limit and used it up in a large part of the scheduler's periods (100 ms each). "
    "For the rest of such a period all its threads stand still, however idle the node is.",
    impact="Every pause adds up to 100 ms to whatever runs: handlers, calls to Redis, heartbeats and the liveness "
    "probe. Average CPU may look harmless, for short bursts are cut off as well.",
    causes=(
        Cause(
            "Go uses more threads than the limit allows",
            "GOMAXPROCS is the number of cores of the node, for instance 32 with a limit of 2: garbage collection on "
            "all of them burns the period's budget in a few milliseconds. Go respects the limit by itself since 1.25.",
            (
                promql_query(
                    'go_sched_gomaxprocs_threads{pod="{pod}"}',
                    "where targets carry a label pod; compare with the limit",
                ),
                shell("kubectl get pod -n {namespace} {pod} -o jsonpath='{.spec.containers[*].resources}'"),
            ),
        ),
        Cause(
            "CPU-bound handlers and a low limit",
            "The container's average is near its limit too.",
            shell("kubectl top pod -n {namespace} {pod} --containers"),
        ),
        Cause(
            "Bursts",
            "The average is far below the limit and GOMAXPROCS fits: many tasks begin at once, as after a pause, a "
            "cron tick or a wave of retries.",
            promql_query(RETRY, "a set that empties in waves"),
        ),
    ),
    actions=(
        Step("See whether tasks wait. Throttled workers whose tasks are in time cost nothing.", promql_query(LATENCY)),
        Step(
            "Make GOMAXPROCS fit the limit: build with Go 1.25 or newer, import go.uber.org/automaxprocs, or set it.",
            shell("kubectl set env -n {namespace} deployment/asynq-worker GOMAXPROCS=2"),
        ),
        Step(
            "Raise the limit, or drop it and keep the request, if the cluster's policy allows that. Either restarts "
            "the pods one by one; running tasks get 8 seconds (`ShutdownTimeout`), so look at "
            "terminationGracePeriodSeconds.",
            shell("kubectl set resources -n {namespace} deployment/asynq-worker --limits=cpu=4 --requests=cpu=2"),
        ),
        Step("Bursts: lower Concurrency, so that fewer tasks start in one period."),
    ),
    tuning="```python\n"
    'strict = evolve(asynq.ALERTS["AsynqWorkerThrottled"], when=Above(warning="25%"))\n'
    "monitoring = Monitoring(alerts=asynq.ALERTS.replace(strict))\n"
    "```\n\n"
    "Pods are found by a name with `asynq` in it; others by `Scrape(kubernetes='pod=~\"orders-.*\"')`.",
    lies="Blind without a CPU limit (no periods are counted), where pods are not named after asynq, and where cAdvisor "
    "is not scraped. Containers that hardly run (less than one period a second with work) are left out: 1 of 2 says "
    "nothing.",
)

WORKER_OOM_KILLED = Runbook(
    meaning="The kernel killed a worker's container because it went over its memory limit, and Kubernetes started it "
    "again. It gets no signal that it could handle, so nothing is put back and nothing is logged by the worker.",
    impact="Each kill leaves up to `Concurrency` tasks in `active`; 60 to 120 seconds later they return as failed "
    "attempts (`asynq: task lease expired`) and run again elsewhere. If one of them is what takes the memory, it kills "
    "worker after worker, and its innocent neighbours lose an attempt each time until they are archived.",
    causes=(
        Cause(
            "One huge task",
            "Memory jumps from normal to the limit within seconds, and each victim had the same task id.",
            (
                promql_query(
                    CONTAINER_MEMORY.without(container="").max(by=("namespace", "pod", "container")),
                    "a spike: a task; a slope: a leak",
                ),
                asynq_cli(
                    "asynq task ls --queue=QUEUE --state=retry --size=50",
                    "in place of QUEUE each queue of these workers: `lease expired` with a high Retried",
                ),
            ),
        ),
        Cause(
            "Too many large tasks at a time",
            "Memory follows the load; kills come with peaks and with different tasks.",
            asynq_cli("asynq server ls", "Concurrency of each server is what it may hold at once"),
        ),
        Cause(
            "A leak",
            "A slope over hours, and all pods of one age die around the same time. AsynqWorkerMemoryGrowing fired "
            "before.",
            promql_query(
                'container_memory_working_set_bytes{namespace="{namespace}", container="{container}"}', "over a day"
            ),
        ),
        Cause(
            "Go does not know the limit",
            "GOMEMLIMIT is not set, so the collector lets the heap double before it works, across the limit.",
            (
                promql_query(
                    CONTAINER_MEMORY_LIMIT.without(container="").max(by=("namespace", "pod", "container")), "the limit"
                ),
                shell(
                    "kubectl set env -n {namespace} pod/{pod} --list | grep -E 'GOMEMLIMIT|GOGC'", "nothing: not set"
                ),
            ),
        ),
    ),
    actions=(
        Step(
            "Make sure that it was the limit of the container and not the node: exit code 137 with reason OOMKilled.",
            shell("kubectl describe pod -n {namespace} {pod} | grep -A6 'Last State'"),
        ),
        Step(
            "It goes on and one task is to blame: archive that task. It keeps its payload there; deleting would lose "
            "it.",
            asynq_cli("asynq task archive --queue=QUEUE --id=ID"),
        ),
        Step(
            "Win room: raise the limit and set GOMEMLIMIT to 90 % of it.",
            (
                shell("kubectl set resources -n {namespace} deployment/asynq-worker --limits=memory=2Gi"),
                shell("kubectl set env -n {namespace} deployment/asynq-worker GOMEMLIMIT=1800MiB"),
            ),
        ),
        Step("Or lower Concurrency, and give large tasks a queue and a deployment of their own."),
        Step(
            "Afterwards run again what was archived without a fault of its own.",
            (
                asynq_cli("asynq task ls --queue=QUEUE --state=archived --size=50", "last error `lease expired`"),
                asynq_cli("asynq task run --queue=QUEUE --id=ID"),
            ),
        ),
    ),
    tuning="```python\n"
    'oom = evolve(asynq.ALERTS["AsynqWorkerOOMKilled"], when=Above(warning=1, critical=5))\n'
    "monitoring = Monitoring(alerts=asynq.ALERTS.replace(oom))\n"
    "```",
    lies="Restarts of the half hour are counted whatever their reason, and only the last reason is known: a crash "
    "after an OOM kill silences it, an OOM kill after two crashes counts all three. Three or four kills make it "
    "critical, as Prometheus extrapolates. A kill of a child process inside the container restarts nothing and is not "
    "seen, nor is a pod that was replaced after the kill. Needs kube-state-metrics.",
)
