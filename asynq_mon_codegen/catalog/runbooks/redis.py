"""What to do when the Redis behind asynq is down, full, or about to lose tasks."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics import systems
from asynq_mon_codegen.catalog.records import SIZE
from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, redis_cli, shell

_URL = shell('export REDIS_URL="redis://:password@host:6379/0"', "the address of this Redis, for the commands below")

_WHOSE = (
    "Every Redis that ran Lua scripts within 3 hours counts as asynq's, for asynq does nearly everything by scripts, "
    "and so does one whose exporter hides `redis_commands_total`. A Redis of another program that uses scripts is "
    "therefore watched as well, until `Scrape(redis=...)` says which ones are meant."
)

REDIS_DOWN = Runbook(
    meaning="No redis_exporter reaches this Redis: the connection is refused, times out or is not allowed. asynq keeps "
    "queues, leases, retries and counters there and nowhere else.",
    impact="Enqueueing fails in every producer, and what they do not retry is lost. Workers finish what they hold, but "
    "results that cannot be written before the lease of 30 s ends are dropped, and those tasks run a second time "
    "later. The exporter answers without a single queue, so other alerts of queues are silent or muted meanwhile.",
    causes=(
        Cause(
            "The process died or is being restarted",
            "Connections are refused at once. OOM kills leave a line in the kernel's log, a crash one with `BUG "
            "REPORT` in Redis' own.",
            (
                _URL,
                redis_cli('redis-cli -u "$REDIS_URL" ping', "`Connection refused` is this cause, a hang is another"),
                shell('journalctl -k --since "-1h" | grep -i "out of memory.*redis"', "a kill by the kernel"),
                shell("journalctl -u redis-server -n 50 --no-pager", "the last words of Redis on a plain host"),
                shell(
                    "kubectl get pods -A -l app.kubernetes.io/name=redis -o wide", "restarts and nodes in Kubernetes"
                ),
            ),
        ),
        Cause(
            "It is loading its data set",
            "ping answers `LOADING Redis is loading the dataset in memory`; that takes about a minute per 5 to 10 GB. "
            "Restarting it begins anew.",
            redis_cli('redis-cli -u "$REDIS_URL" info persistence | grep -E "^(loading|async_loading)"', "`loading:1`"),
        ),
        Cause(
            "A failover moved the primary",
            "Another Redis is the primary now, and workers and exporter that follow Sentinel are fine: queue metrics "
            "go on. Then only this node is down.",
            (
                shell('redis-cli -h "$SENTINEL" -p 26379 sentinel masters', "the address that clients are sent to"),
                promql_query(SIZE, "any value: asynq works on another node"),
            ),
        ),
        Cause(
            "It hangs",
            "ping neither answers nor fails. A script or `KEYS *` on millions of keys, a fork on a host without memory "
            "or a stopped process holds its only thread; `BUSY` after 5 s names a script.",
            (
                shell(
                    "ps -o pid,stat,pcpu,rss,cmd -C redis-server",
                    "`T` is stopped, `D` waits for the disk, 100 % CPU is busy",
                ),
                redis_cli('redis-cli -u "$REDIS_URL" slowlog get 5', "once it answers: what took the time"),
            ),
        ),
        Cause(
            "Only the exporter cannot reach it",
            "ping works from a worker's host and tasks are processed: a password, an ACL or a network policy changed.",
            shell(
                'curl -s "http://$REDIS_EXPORTER:9121/metrics" | grep redis_exporter_last_scrape_error',
                "the error's text",
            ),
        ),
    ),
    actions=(
        Step(
            "Ping it from where a worker runs, and from the exporter's host: refused, hanging, `LOADING`, `NOAUTH` or "
            "`PONG`?",
            redis_cli('redis-cli -u "$REDIS_URL" ping'),
        ),
        Step(
            "Dead: start it **with its data**. Before the first start of an empty one check that the volume is "
            "mounted, for an empty Redis that gets its first snapshot overwrites the file with all tasks.",
            (
                shell("ls -l /var/lib/redis", "dump.rdb and appendonlydir with their old dates and sizes"),
                shell("systemctl start redis-server"),
            ),
        ),
        Step(
            "Hanging on a script: `SCRIPT KILL` is safe as long as it wrote nothing (Redis refuses otherwise). Kill "
            "the process only as a last resort, and expect to lose what came after the last snapshot or AOF flush.",
            redis_cli('redis-cli -u "$REDIS_URL" script kill'),
        ),
        Step(
            "When it is back, see that queues and servers are: workers reconnect by themselves. If no queue is shown "
            "though tasks run, the data set is new; producers must be restarted once, because they cache which queues "
            "exist.",
            (asynq_cli("asynq queue ls"), asynq_cli("asynq server ls")),
        ),
        "Tasks that ran during the outage may run twice within 2 minutes: tell the owners of handlers that must not.",
    ),
    tuning="Longer failovers than a minute are normal for you: "
    '`alerts=asynq.ALERTS.replace(evolve(asynq.ALERTS["AsynqRedisDown"], hold="3m"))`. Other Redis servers in the same '
    "Prometheus: `scrape=Scrape(redis='job=\"redis-asynq\"')`.",
    lies="It is silent when redis_exporter itself is down or missing; AsynqQueueMetricsMissing sees the outage then. "
    "It falls silent after 3 hours, when nobody remembers that asynq used this Redis; AsynqQueueMetricsMissing goes "
    f"on. In a Prometheus with several deployments and no `identity` it also mutes the others' queue alerts. {_WHOSE}",
)

REDIS_MEMORY_HIGH = Runbook(
    meaning="Used memory comes near `maxmemory`. Beyond it Redis does what its policy says: `noeviction` answers every "
    "write with `OOM command not allowed`, `allkeys-*` throws away keys, tasks among them.",
    impact="At the limit with `noeviction`: producers cannot enqueue, workers cannot write retries or results, and "
    "tasks run again. With `allkeys-*`: tasks vanish (AsynqRedisEvictingKeys).",
    causes=(
        Cause(
            "A backlog, or archived and retained tasks",
            "One queue has most of the bytes. Archived tasks are kept up to 9,999 per queue for 90 days, completed "
            "ones for their `Retention`, each with its payload.",
            (
                _URL,
                promql_query(
                    "max by (queue) (asynq_queue_memory_usage_approx_bytes)",
                    "bytes per queue, an estimate from 20 tasks per state",
                ),
                asynq_cli("asynq stats", "tasks per state and per queue"),
            ),
        ),
        Cause(
            "Large payloads",
            "Bytes per task are in the tens of kilobytes: files or rows travel in the payload instead of a reference.",
            redis_cli(
                'redis-cli -u "$REDIS_URL" --memkeys --memkeys-samples 0 -i 0.01', "the biggest keys, without blocking"
            ),
        ),
        Cause(
            "Other programs in the same Redis",
            "The queues' sum is far below used memory, and other prefixes than `asynq:` have many keys.",
            redis_cli(
                'redis-cli -u "$REDIS_URL" --scan | cut -d: -f1 | sort | uniq -c | sort -rn | head',
                "keys per prefix; takes minutes on millions of keys, but does not block",
            ),
        ),
        Cause(
            "Task hashes that nobody refers to",
            "asynq v0.26 leaves the hashes behind when an archive is trimmed by hand-made archiving (`archiveall`): "
            "far more `asynq:*:t:*` keys than tasks.",
            (
                redis_cli("redis-cli -u \"$REDIS_URL\" --scan --pattern 'asynq:*:t:*' | wc -l", "task hashes"),
                promql_query("sum(max by (queue) (asynq_queue_size))", "tasks that asynq knows of"),
            ),
        ),
        Cause(
            "Client buffers or a fork",
            "`mem_clients_normal` or `mem_replication_backlog` is a large part of it.",
            redis_cli('redis-cli -u "$REDIS_URL" info memory | grep -E "^(used|maxmemory|mem_|allocator_frag_ratio)"'),
        ),
    ),
    actions=(
        Step(
            "Win time: raise the limit if the host has memory (it is lost at the next restart without `config "
            "rewrite`).",
            (
                shell("free -m", "on Redis' host; leave room for the copy-on-write of a snapshot"),
                redis_cli('redis-cli -u "$REDIS_URL" config set maxmemory 8gb'),
            ),
        ),
        Step(
            "Delete archived or completed tasks that nobody needs. **This cannot be undone**; list them first. Choose "
            "the queue with the most bytes.",
            (
                asynq_cli("asynq task ls --queue={queue} --state=archived --page=1 --size=30"),
                asynq_cli("asynq task deleteall --queue={queue} --state=archived"),
            ),
        ),
        Step(
            "A backlog is the cause: add workers, or stop the producer that floods; AsynqQueueBacklogNotDraining and "
            "AsynqQueueSurge name the queue. Do not run archived tasks again now (`runall` fills pending)."
        ),
        "Afterwards: shorter `Retention`, references instead of payloads, a Redis of its own for asynq.",
    ),
    tuning="A Redis that is meant to be fuller: "
    '`alerts=asynq.ALERTS.replace(evolve(asynq.ALERTS["AsynqRedisMemoryHigh"], when=Above(warning="90%", '
    'critical="97%")))`.',
    lies="It says nothing where `maxmemory` is 0: there the container's or the host's limit kills Redis, which the "
    "alerts of hosts see only if they watch that host.",
)

REDIS_REJECTING_CONNECTIONS = Runbook(
    meaning="Redis has as many clients as `maxclients` allows and closes every new connection at once with `max number "
    "of clients reached`. Connections that exist go on working.",
    impact="Processes that start now, or need one more connection, cannot enqueue or dequeue: a deploy of workers gets "
    "stuck half way. The exporter may be among them, then AsynqQueueMetricsMissing follows.",
    causes=(
        Cause(
            "More processes than planned",
            "asynq's Server, Client, Scheduler and Inspector each have a pool of up to 10 connections per core; 50 "
            "pods on 16 cores may open 8,000. The count follows the number of pods.",
            (
                _URL,
                promql_query(systems.REDIS_CLIENTS.max(by="instance"), "connections over time: a step is a scale-up"),
                redis_cli(
                    'redis-cli -u "$REDIS_URL" client list | grep -o " addr=[^:]*" | sort | uniq -c | sort -rn | head',
                    "connections per host",
                ),
            ),
        ),
        Cause(
            "A program that leaks clients",
            "The count climbs in a line at constant traffic: code that calls `asynq.NewClient` per request without "
            "`Close()`. Many connections of one host have a large `idle`.",
            redis_cli(
                'redis-cli -u "$REDIS_URL" client list | tr " " "\\n" | grep ^idle= | cut -d= -f2 | sort -n | tail -3',
                "the longest idle times in seconds",
            ),
        ),
        Cause(
            "maxclients is low, or cut down by ulimit",
            "Redis lowers it at its start when it may not open enough files and says so in its log: `maxclients has "
            "been reduced to`.",
            redis_cli('redis-cli -u "$REDIS_URL" config get maxclients', "10000 unless somebody changed it"),
        ),
    ),
    actions=(
        Step(
            "Raise the limit now; it needs no restart, only enough file descriptors.",
            redis_cli('redis-cli -u "$REDIS_URL" config set maxclients 20000'),
        ),
        Step(
            "If redis-cli itself is refused, stop the program with the most connections (its pods' count tells), or "
            "close those that have been idle for 10 minutes.",
            redis_cli('redis-cli -u "$REDIS_URL" config set timeout 600', "set it back to 0 later"),
        ),
        "For good: one `asynq.Client` per process, and `PoolSize` of `asynq.RedisClientOpt` no larger than needed.",
    ),
    tuning='`alerts=asynq.ALERTS.replace(evolve(asynq.ALERTS["AsynqRedisRejectingConnections"], '
    "when=Above(warning=10, critical=1000)))`.",
    lies="Managed Redis may limit connections in a proxy in front of it, which this counter does not see. Wrong "
    "passwords, TLS errors and network policies do not count here either.",
)

REDIS_EVICTING_KEYS = Runbook(
    meaning="Redis was at `maxmemory` and its policy let it throw keys away. asynq has no copy: an evicted task hash "
    "is a lost task, an evicted list or sorted set is a whole state of a queue, an evicted lease set leaves running "
    "tasks as `active` for ever.",
    impact="With `allkeys-*` tasks are lost without any error. An id whose hash is gone makes asynq v0.26's exporter "
    "fail for all queues (AsynqQueueMetricsMissing). With `volatile-*` only keys that expire go: unique locks "
    "(duplicates become possible), heartbeats, daily statistics; tasks stay.",
    causes=(
        Cause(
            "A policy for caches on a Redis that became full",
            "The policy is `allkeys-*` and memory is at 100 %. Most charts and managed services come with one.",
            (
                _URL,
                redis_cli('redis-cli -u "$REDIS_URL" config get maxmemory-policy'),
                promql_query(
                    systems.REDIS_MEMORY.max(by="instance") / systems.REDIS_MEMORY_MAX.max(by="instance"),
                    "memory over limit",
                ),
            ),
        ),
        Cause(
            "A cache in the same Redis",
            "Another program fills it, and asynq's keys, least recently used in the long lists of archived and "
            "scheduled tasks, go first.",
            redis_cli(
                'redis-cli -u "$REDIS_URL" --scan | cut -d: -f1 | sort | uniq -c | sort -rn | head', "keys per prefix"
            ),
        ),
        Cause(
            "The limit was lowered",
            "`maxmemory` fell in a step just before.",
            promql_query(systems.REDIS_MEMORY_MAX.max(by="instance"), "the limit over time"),
        ),
    ),
    actions=(
        Step(
            "Stop the loss first: no eviction. Enqueues fail from now on while memory is full, which producers notice; "
            "that is the better fault.",
            redis_cli('redis-cli -u "$REDIS_URL" config set maxmemory-policy noeviction'),
        ),
        Step(
            "Then make room at once, by a higher limit or by deleting the other program's keys.",
            redis_cli('redis-cli -u "$REDIS_URL" config set maxmemory 8gb'),
        ),
        Step(
            "Make both last, here and in the chart or Terraform.", redis_cli('redis-cli -u "$REDIS_URL" config rewrite')
        ),
        Step(
            "Find what is missing: ids in a queue's lists whose hash is gone. Take such an id out (`lrem` for pending "
            "and active, `zrem` for the sorted sets), or v0.26's exporter stays blind.",
            redis_cli(
                'for id in $(redis-cli -u "$REDIS_URL" lrange "asynq:{{queue}}:pending" 0 -1); do '
                'redis-cli -u "$REDIS_URL" exists "asynq:{{queue}}:t:$id" | grep -q 1 || echo "$id"; done',
                "pending ids whose task is gone",
            ),
        ),
        "Tell the owners which tasks were lost: only their producers' own records can enqueue them again.",
    ),
    tuning="There is no level worth tuning: one evicted key is one too many. If this Redis is a cache that runs "
    "scripts, leave it out by the matchers of `Scrape(redis=...)`, as the page of AsynqRedisDown shows.",
    lies="It resolves 5 minutes after the last eviction; the lost tasks are lost still. It cannot tell whose keys were "
    "evicted when a cache shares the Redis.",
)

REDIS_PERSISTENCE_FAILING = Runbook(
    meaning="The last snapshot (RDB) or the last append to the AOF failed, and every retry since. Redis' memory is the "
    "only copy of all tasks until it works again.",
    impact="With the default `stop-writes-on-bgsave-error yes` Redis refuses writes with `MISCONF`: nothing can be "
    "enqueued or dequeued, and queues stand still although Redis is up (AsynqQueueStalled). Without it all seems well, "
    "until a restart takes every queue back to the last good save, when finished tasks run again and new ones are "
    "gone.",
    causes=(
        Cause(
            "The disk is full",
            "`No space left on device` in Redis' log. A rewrite needs room for a second copy.",
            (_URL, shell("df -h /var/lib/redis; df -i /var/lib/redis", "100 % of bytes or inodes")),
        ),
        Cause(
            "Not enough memory to fork",
            "`Can't save in background: fork: Cannot allocate memory` in the log: the host does not overcommit.",
            (
                shell("sysctl vm.overcommit_memory", "0 or 2 is this cause, Redis wants 1"),
                redis_cli('redis-cli -u "$REDIS_URL" info memory | grep used_memory_human'),
            ),
        ),
        Cause(
            "The folder is read-only or not Redis'",
            "`Permission denied` or `Read-only file system`, often after a move of the volume or a change of the user.",
            (
                redis_cli('redis-cli -u "$REDIS_URL" config get dir', "where it writes"),
                shell("ls -ld /var/lib/redis; mount | grep redis"),
            ),
        ),
    ),
    actions=(
        Step(
            "See which of the two fails, and since when.",
            redis_cli(
                'redis-cli -u "$REDIS_URL" info persistence | grep -E "status|last_save_time|aof_enabled"',
                "`rdb_last_bgsave_status:err` or `aof_last_write_status:err`",
            ),
        ),
        Step("Read why.", shell('journalctl -u redis-server --since "-1h" | grep -iE "fail|error|can.t"')),
        Step("Remedy it, for a fork without memory at once:", shell("sysctl -w vm.overcommit_memory=1")),
        Step("Save, and see that it works.", redis_cli('redis-cli -u "$REDIS_URL" bgsave')),
        Step(
            "Only if tasks must flow before the disk can be mended: let Redis write without saving. **A crash from "
            "here on loses everything since the last good save.** Do not restart Redis, and set it back afterwards.",
            redis_cli('redis-cli -u "$REDIS_URL" config set stop-writes-on-bgsave-error no'),
        ),
    ),
    tuning='A Redis that need not survive a restart should not save at all (`save ""`, `appendonly no`); the alert is '
    "then "
    "silent by itself.",
    lies="A Redis without persistence shows the status ok for ever, and so does one that has not tried to save since "
    "its start. Snapshots that succeed, but onto a disk that vanishes with the pod, are not seen.",
)

REDIS_EVICTION_POLICY_UNSAFE = Runbook(
    meaning="This Redis has a memory limit, and when it is reached its policy lets it evict any key. Nothing is lost "
    "yet. `volatile-*` does not alert: asynq's tasks never expire, so it takes only unique locks, heartbeats and "
    "statistics.",
    impact="On the day of the first large backlog tasks vanish without an error instead of producers being refused.",
    causes=(
        Cause(
            "A default of the chart or the managed service",
            "Nobody set it: parameter groups and charts made for caches come with `allkeys-lru`.",
            (
                _URL,
                promql_query(
                    systems.REDIS_INFO.max(by=("instance", "maxmemory_policy", "redis_version")),
                    "policy and version as they are",
                ),
            ),
        ),
        Cause(
            "A cache and asynq share this Redis",
            "Other prefixes than `asynq:` have many keys; their owner needs the policy.",
            redis_cli(
                'redis-cli -u "$REDIS_URL" --scan | cut -d: -f1 | sort | uniq -c | sort -rn | head', "keys per prefix"
            ),
        ),
        Cause(
            "Set by hand and lost from the configuration, or the reverse",
            "The running value and the file differ: somebody used `config set` without `config rewrite`.",
            shell("grep -n '^maxmemory' /etc/redis/redis.conf"),
        ),
    ),
    actions=(
        Step(
            "asynq alone uses it: switch now, it needs no restart.",
            (
                redis_cli('redis-cli -u "$REDIS_URL" config set maxmemory-policy noeviction'),
                redis_cli(
                    'redis-cli -u "$REDIS_URL" config rewrite',
                    "or in the chart or parameter group; managed Redis needs that",
                ),
            ),
        ),
        "A cache shares it: give asynq a Redis of its own; with `noeviction` the cache would fill up and block it.",
        Step(
            "With `noeviction` a full Redis refuses enqueues, so see that there is room.",
            promql_query(
                systems.REDIS_MEMORY.max(by="instance") / systems.REDIS_MEMORY_MAX.max(by="instance"), "well below 80 %"
            ),
        ),
    ),
    tuning='Where loss is acceptable: `alerts=asynq.ALERTS.without("AsynqRedisEvictionPolicyUnsafe")`.',
    lies="It is silent without `maxmemory`, though the policy would act as soon as one is set.",
)
