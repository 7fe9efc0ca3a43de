"""What to do when worker processes come close to their limits."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.instrumentation import TASK_IN_PROGRESS
from asynq_mon_codegen.catalog.metrics.systems import (
    GO_GOROUTINES,
    GO_MAX_PROCS,
    GO_MEM_LIMIT,
    PROCESS_MAX_FDS,
    PROCESS_OPEN_FDS,
    PROCESS_RSS,
    PROCESS_START,
)
from asynq_mon_codegen.catalog.records import LATENCY, PENDING, PROCESSED
from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, redis_cli, shell
from asynq_mon_codegen.promql import time

WORKER_CPU_HIGH = Runbook(
    meaning="The process has used nearly every core that Go lets it use (GOMAXPROCS) for a quarter of an hour. "
    "Handlers now share cores instead of waiting for the network, so each takes longer the more of them run.",
    impact="More `Concurrency` makes it slower, not faster. Heartbeats (every 5 seconds) and lease extensions (30 "
    "seconds) run in the same process: if they starve, other workers take its running tasks for orphans and run them "
    "again.",
    causes=(
        Cause(
            "More work than these workers can do",
            "All workers of the job are about equally busy, and the rate of processed tasks is at its highest. That is "
            "a full house, not a fault; it needs somebody only if tasks wait.",
            (
                promql_query(
                    'rate(process_cpu_seconds_total{job="{job}"}[5m])', "cores that each worker of the job uses"
                ),
                promql_query(PROCESSED, "near the highest rate ever seen: it is load"),
                promql_query(LATENCY, "seconds that tasks wait; small: nothing to do now"),
            ),
        ),
        Cause(
            "A handler became expensive",
            "CPU rose at a deploy while the rate of processed tasks stayed or fell. The profile names the function.",
            shell(
                "go tool pprof -top -seconds 30 http://{instance}/debug/pprof/profile",
                "where pprof is served; handlers of your own packages at the top",
            ),
        ),
        Cause(
            "The garbage collector works without end",
            "`runtime.gcBgMarkWorker` and `runtime.mallocgc` lead the profile, and memory is near GOMEMLIMIT "
            "(AsynqWorkerMemoryHigh).",
            promql_query(PROCESS_RSS / GO_MEM_LIMIT, "near 1: collecting cannot free enough"),
        ),
        Cause(
            "One task spins",
            "A single worker is busy while its fellows idle, and it keeps about one core however little comes in.",
            asynq_cli(
                "asynq task ls --queue=QUEUE --state=active",
                "in place of QUEUE each queue: a task that never goes away",
            ),
        ),
    ),
    actions=(
        Step("Ask whether anybody is hurt: no waiting tasks, no hurry.", promql_query(LATENCY)),
        Step(
            "Tasks wait and all workers are busy: add workers. CPU-bound handlers gain by cores only.",
            (
                shell("kubectl scale deployment/asynq-worker --replicas=6"),
                promql_query(
                    GO_MAX_PROCS, "cores per worker; Concurrency far above it only adds switching for CPU-bound work"
                ),
            ),
        ),
        Step(
            "One task spins: cancel it. That ends its context; a handler that ignores its context spins on until a "
            "restart.",
            asynq_cli("asynq task cancel --id=ID"),
        ),
        Step("It came with a deploy: keep a profile of 30 seconds, then roll back."),
    ),
    tuning="Workers that encode video are meant to be busy. Raise the hold time above your longest batch, or leave it "
    "out:\n\n"
    "```python\n"
    'batch = evolve(asynq.ALERTS["AsynqWorkerCPUHigh"], hold="3h")\n'
    "monitoring = Monitoring(alerts=asynq.ALERTS.replace(batch))  # or asynq.ALERTS.without(...)\n"
    "```",
    lies="Needs `go_sched_gomaxprocs_threads`, which client_golang exports since v1.20; older workers never fire. In a "
    "container with a CPU limit and a Go older than 1.25, GOMAXPROCS is the number of cores of the node, and the limit "
    "is hit long before: AsynqWorkerThrottled sees that one.",
)

WORKER_MEMORY_HIGH = Runbook(
    meaning="A worker is close to the memory that it may use: of the container's limit, of GOMEMLIMIT, or, where "
    "neither is known, of its host's memory. Over a container's limit or the host's memory the kernel kills the "
    "process at once; near GOMEMLIMIT Go spends up to half of its CPU time on collecting garbage.",
    impact="A kill gives no 8 seconds of grace: every task in flight stays `active` for 60 to 120 seconds, loses an "
    "attempt and is run again by another worker, which then holds the same large payloads.",
    causes=(
        Cause(
            "Large tasks at the same time",
            "Memory follows the number of running tasks and falls when they end. Concurrency times the largest task is "
            "what a worker needs.",
            (
                promql_query(
                    TASK_IN_PROGRESS.sum(by=("queue", "task_type", "instance")), "what runs now (instrumented)"
                ),
                asynq_cli("asynq task ls --queue=QUEUE --state=active", "what runs now, without instrumentation"),
            ),
        ),
        Cause(
            "A leak",
            "Memory rises over hours whatever the load, and only a restart lowers it; AsynqWorkerMemoryGrowing fires "
            "or fired.",
            (
                promql_query(PROCESS_RSS, "over a day: a straight line up is a leak, a plateau is not"),
                promql_query(GO_GOROUTINES, "rises with it: leaked goroutines hold the memory"),
            ),
        ),
        Cause(
            "A limit that was always too low",
            "It sits just below the limit since its start, day after day, and nothing else is wrong.",
            promql_query(GO_MEM_LIMIT, "should be about 90 % of the container's limit, never above it"),
        ),
        Cause(
            "Payloads or results grew",
            "The queue's memory in Redis rose at the same time.",
            redis_cli("redis-cli --memkeys -i 0.01 | grep 'asynq:'", "samples the largest keys without blocking Redis"),
        ),
    ),
    actions=(
        Step(
            "Take a heap profile while the process lives; after the kill there is nothing left to see.",
            shell("curl -s http://{instance}/debug/pprof/heap > heap.pb.gz && go tool pprof -top heap.pb.gz"),
        ),
        Step(
            "Win time: restart this one worker in an orderly way. It gets 8 seconds to finish and puts the rest back "
            "without costing an attempt, which a kill for memory does not.",
            (
                shell('ssh "${INSTANCE%:*}" sudo systemctl restart asynq-worker'),
                shell("kubectl delete pod {instance}", "where the alert's instance is a pod's name"),
            ),
        ),
        Step(
            "Large tasks: lower `Concurrency` in the server's Config, or give them a queue and workers of their own, "
            "then deploy. Raising the limit buys the same with money.",
            shell("kubectl set resources deployment/asynq-worker --limits=memory=2Gi"),
        ),
        Step("Set GOMEMLIMIT to about 90 % of the hard limit, so that Go collects before the kernel kills."),
    ),
    tuning="Workers that live near their limit by design:\n\n"
    "```python\n"
    'near = evolve(asynq.ALERTS["AsynqWorkerMemoryHigh"], when=Above(warning="95%", critical="99%"))\n'
    "monitoring = Monitoring(alerts=asynq.ALERTS.replace(near))\n"
    "```",
    lies="With GOGC=off a process fills its GOMEMLIMIT on purpose, so that limit is left out then. One worker may show "
    "twice: as a process (`instance` is its address) and as a container (`instance` is the pod, `job` the container). "
    "Resident memory counts pages that Go has given back but the kernel has not taken yet. On a plain host with "
    "several workers each is compared with the whole host; AsynqHostMemoryLow sees their sum. Hosts are joined by the "
    "part of `instance` before the port, so worker and node_exporter must be scraped by the same address.",
)

WORKER_MEMORY_GROWING = Runbook(
    meaning="The memory of a worker that runs for more than two hours has risen steadily for two hours, and at its "
    "pace will at least double within four. It still fits, so this is the time to look: at the limit it is killed.",
    impact="None yet. When it is killed, all its running tasks wait 60 to 120 seconds and lose an attempt; workers "
    "that started together leak alike and tend to die together.",
    causes=(
        Cause(
            "Goroutines that never end",
            "Goroutines rise with the memory. A handler whose deadline passed goes on running unless it watches its "
            "context: asynq frees the slot, Go keeps the goroutine and all that it holds.",
            (
                promql_query(GO_GOROUTINES, "the same slope as the memory"),
                shell(
                    'curl -s "http://{instance}/debug/pprof/goroutine?debug=1" | head -40',
                    "the largest group is the leak",
                ),
            ),
        ),
        Cause(
            "A cache or map without bounds",
            "Goroutines are flat, and the profile shows one package whose bytes in use only rise.",
            shell(
                "curl -s http://{instance}/debug/pprof/heap > a.pb.gz; sleep 600; "
                "curl -s http://{instance}/debug/pprof/heap > b.pb.gz; go tool pprof -top -diff_base a.pb.gz b.pb.gz",
                "what grew in ten minutes",
            ),
        ),
        Cause(
            "Memory outside of Go",
            "The heap of the profile is far smaller than the resident memory: cgo (images, sqlite, librdkafka) holds "
            "it.",
            promql_query(PROCESS_RSS, "compare with go_memstats_heap_inuse_bytes of the same instance"),
        ),
        Cause(
            "A load that grows for hours",
            "The rate of processed tasks, or what waits, has the same slope. It levels out when the load does.",
            (promql_query(PROCESSED), promql_query(PENDING)),
        ),
    ),
    actions=(
        Step(
            "Find out how long you have: the limit minus what it holds, over bytes per second.",
            (
                promql_query(PROCESS_RSS.deriv("1h"), "bytes per second"),
                promql_query(GO_MEM_LIMIT, "9.2e18: not set, look at the container or host"),
            ),
        ),
        Step("Take two profiles ten minutes apart, as above, before anything is restarted."),
        Step(
            "See whether a release brought it: the pods of the release before do not grow.",
            promql_query(time() - PROCESS_START, "seconds since the start; growth began there?"),
        ),
        Step(
            "Until it is fixed, restart the fleet one by one before the limit: an orderly stop costs no attempt.",
            shell("kubectl rollout restart deployment/asynq-worker"),
        ),
    ),
    tuning="Memory below 256 MiB is left alone; `.with_floor(512)` raises that. To hear only of steeper growth:\n\n"
    "```python\n"
    'steep = evolve(asynq.ALERTS["AsynqWorkerMemoryGrowing"], when=Above(warning=3)).with_floor(512)\n'
    "monitoring = Monitoring(alerts=asynq.ALERTS.replace(steep))\n"
    "```",
    lies="Silent for the first two hours of a process, and for a leak too slow to double in four hours (look at a week "
    "of resident memory on the Workers dashboard). A batch that loads more and more for over two hours looks like a "
    "leak until it ends. Fast growth of minutes is the business of AsynqWorkerMemoryHigh.",
)

WORKER_FILE_DESCRIPTORS_HIGH = Runbook(
    meaning="The process has nearly as many files and sockets open as its limit allows. At the limit every open, "
    "accept and dial fails with `too many open files`.",
    impact="At the limit the worker can open no new connection to Redis once one breaks, so it stops taking tasks and "
    "loses its leases; handlers fail with errors that look like outages of what they call; /metrics stops answering "
    "too, and this alert then turns into AsynqWorkerDown.",
    causes=(
        Cause(
            "HTTP responses whose body is not closed",
            "Most descriptors are sockets in ESTABLISHED or CLOSE-WAIT to one remote port, and their number only "
            "rises.",
            shell(
                'ssh "${INSTANCE%:*}" \'ss -tanp | grep asynq-worker | sed -E "s/ +/ /g" | cut -d" " -f1,5 | '
                "sort | uniq -c | sort -rn | head'",
                "state and remote end; the top line names the peer",
            ),
        ),
        Cause(
            "A client per task",
            "A handler makes a new http.Client with its own Transport, an sql.DB or a redis client for each task and "
            "never closes it. Goroutines rise by two or so for each connection.",
            promql_query(GO_GOROUTINES, "rises in step with the descriptors"),
        ),
        Cause(
            "Files that are not closed",
            "The list shows paths, often temporary files marked as deleted.",
            shell(
                'ssh "${INSTANCE%:*}" \'ls -l /proc/$(pgrep -o asynq-worker)/fd | sed "s/.*-> //; s/[0-9]\\+/N/g" | '
                "sort | uniq -c | sort -rn | head'",
                "what kind of descriptor it is",
            ),
        ),
        Cause(
            "A limit that is simply low",
            "The number follows Concurrency and is stable. 1024 is the old default of a shell.",
            promql_query(PROCESS_MAX_FDS, "1024: raise it; a worker with 100 slots may honestly need more"),
        ),
    ),
    actions=(
        Step(
            "See whether it still climbs and when it will be full.",
            promql_query(PROCESS_OPEN_FDS.deriv("30m"), "descriptors per second"),
        ),
        Step("Record what is open with the commands above; a restart wipes the evidence."),
        Step(
            "Climbing: restart this worker in an orderly way before it is full.",
            shell('ssh "${INSTANCE%:*}" sudo systemctl restart asynq-worker'),
        ),
        Step(
            "Stable but near the limit: raise the limit of the unit, then restart.",
            (
                shell('ssh "${INSTANCE%:*}" sudo systemctl edit asynq-worker', "add [Service] and LimitNOFILE=65536"),
                shell(
                    "ssh \"${INSTANCE%:*}\" 'grep files /proc/$(pgrep -o asynq-worker)/limits'", "the limit in force"
                ),
            ),
        ),
    ),
    tuning="```python\n"
    'close = evolve(asynq.ALERTS["AsynqWorkerFileDescriptorsHigh"], when=Above(warning="90%", critical="98%"))\n'
    "monitoring = Monitoring(alerts=asynq.ALERTS.replace(close))\n"
    "```",
    lies="The limit is that of the process; the host's own (fs.file-max) and the range of local ports (about 28,000 "
    "connections to one remote address) can be used up first and are not seen here. Only Linux workers export these "
    "numbers.",
)

WORKER_GOROUTINES_GROWING = Runbook(
    meaning="The number of goroutines of a worker that runs for more than two hours has risen steadily for two hours "
    "and will at least double within four. asynq itself needs about a dozen, and two for each running task: the rest "
    "belongs to handlers.",
    impact="Each leaked goroutine keeps its stack, its payload and often a connection. Memory and descriptors follow, "
    "and at the end the process is killed with everything that it runs.",
    causes=(
        Cause(
            "Handlers that ignore their context",
            "Tasks end at their Timeout (30 minutes by default) and are retried, but the goroutine of the old attempt "
            "runs on. Many have the same stack below `ProcessTask`, and the last error of their "
            "retries is `context deadline exceeded`.",
            (
                shell(
                    "curl -s \"http://{instance}/debug/pprof/goroutine?debug=1\" | grep -A12 '^[0-9]* @' | head -60",
                    "groups by stack, the largest first",
                ),
                asynq_cli(
                    "asynq task ls --queue=QUEUE --state=retry --size=30",
                    "in place of QUEUE each queue: last error `context deadline exceeded`",
                ),
            ),
        ),
        Cause(
            "A handler starts goroutines that wait for ever",
            "The largest group waits in `chan send`, `chan receive` or `select`, with the line of your code that "
            "started it.",
            shell(
                'curl -s "http://{instance}/debug/pprof/goroutine?debug=2" | grep -oE \'^goroutine [0-9]+ \\[[a-z '
                "A-Z]+' | sed -E 's/goroutine [0-9]+ .//' | sort | uniq -c | sort -rn",
                "what they wait for",
            ),
        ),
        Cause(
            "Connections without a timeout to something that hangs",
            "The largest group waits in `IO wait` under net/http or a database driver, and descriptors rise as well.",
            promql_query(PROCESS_OPEN_FDS, "rises in step"),
        ),
        Cause(
            "More work than before",
            "Running tasks rise too, up to Concurrency at most; goroutines beyond a few per slot are a leak after all.",
            promql_query(TASK_IN_PROGRESS.sum(by=("queue", "task_type")), "handlers that run now (instrumented)"),
        ),
    ),
    actions=(
        Step(
            "Save both dumps before a restart: the grouped one to find the leak, the full one to see how old each is.",
            (
                shell('curl -s "http://{instance}/debug/pprof/goroutine?debug=1" > groups.txt'),
                shell(
                    'curl -s "http://{instance}/debug/pprof/goroutine?debug=2" > stacks.txt',
                    "`[chan receive, 93 minutes]`",
                ),
            ),
        ),
        Step(
            "See how long the memory will last.",
            (promql_query(PROCESS_RSS), promql_query(GO_GOROUTINES.deriv("1h"), "goroutines per second")),
        ),
        Step(
            "Something that hangs is the cause: give its client a timeout, and the task one with "
            "`asynq.Timeout(2*time.Minute)` instead of the default half hour. Until then restart one by one.",
            shell("kubectl rollout restart deployment/asynq-worker"),
        ),
    ),
    tuning="Fewer than 1,000 goroutines are left alone; `.with_floor(...)` changes that:\n\n"
    "```python\n"
    'many = asynq.ALERTS["AsynqWorkerGoroutinesGrowing"].with_floor(10_000)\n'
    "monitoring = Monitoring(alerts=asynq.ALERTS.replace(many))\n"
    "```",
    lies="Silent for the first two hours of a process, and where pprof shows a leak of a few goroutines an hour. A "
    "worker that also serves many clients (websockets, an API in the same process) has goroutines of its own that rise "
    "with its users every morning.",
)
