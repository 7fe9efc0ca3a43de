"""What to do when a host that runs workers comes to its limits."""

from __future__ import annotations

from asynq_mon_codegen.catalog.records import LATENCY
from asynq_mon_codegen.catalog.targets import WORKERS_UP
from asynq_mon_codegen.model import Cause, Runbook, Step, promql_query, redis_cli, shell

HOST_CPU_HIGH = Runbook(
    meaning="All cores of a host that runs asynq workers have been busy for a quarter of an hour; time spent waiting "
    "for a disk is not counted as busy. Somebody on it is slower for want of a core, not necessarily the workers' "
    "fault.",
    impact="Handlers take longer. When even heartbeats (every 5 seconds) and lease extensions are late by 30 seconds, "
    "other workers take running tasks for orphans and execute them a second time.",
    causes=(
        Cause(
            "The workers themselves",
            "AsynqWorkerCPUHigh fires for a worker on this host, and the worker leads the list of processes.",
            (
                promql_query('rate(process_cpu_seconds_total{instance=~"{host}(:[0-9]+)?"}[5m])', "cores per process"),
                shell("ssh {host} 'ps -eo pcpu,pid,etime,comm --sort=-pcpu | head -15'"),
            ),
        ),
        Cause(
            "A neighbour",
            "Something else leads the list: a backup, a compile, a log shipper, Redis on the same machine.",
            shell("ssh {host} 'systemd-cgtop -b -n 2 -d 5 --order=cpu | tail -25'", "CPU per service"),
        ),
        Cause(
            "Time stolen by the hypervisor",
            "Steal is above a few per cent: a burstable instance has used up its credits, or the machine below is "
            "overbooked. No process on the host explains the load.",
            promql_query(
                'avg by (mode) (rate(node_cpu_seconds_total{instance=~"{host}(:[0-9]+)?", '
                'mode=~"steal|user|system|softirq"}[5m]))',
                "where the time goes; high softirq: packets, see the network panels",
            ),
        ),
    ),
    actions=(
        Step(
            "Look whether tasks wait at all; a busy host with tasks in time is money well spent.", promql_query(LATENCY)
        ),
        Step("A neighbour: renice or stop it.", shell("ssh {host} sudo renice -n 15 -p PID")),
        Step("Workers and tasks wait: start workers on another host; more slots on this one only make each slower."),
        Step("Steal: move to an instance with guaranteed CPU; nothing on the host itself helps."),
    ),
    tuning="```python\n"
    'patient = evolve(asynq.ALERTS["AsynqHostCPUHigh"], when=Above(warning="97%"), hold="1h")\n'
    "monitoring = Monitoring(alerts=asynq.ALERTS.replace(patient))\n"
    "```",
    lies="Hosts and workers are joined by the part of `instance` before the port, so a host is watched only where "
    "worker and node_exporter are scraped by the same name or address. In Kubernetes they are not (pods have their "
    "own); there AsynqWorkerThrottled and the node's own alerts count. Identity labels must be on node_exporter's "
    "series as well. Silent for one core at 100 % among many idle ones.",
)

HOST_MEMORY_LOW = Runbook(
    meaning="The kernel's own estimate of what programs can still get without swapping (MemAvailable, reclaimable "
    "cache included) is a small share of the host's memory.",
    impact="Next the kernel picks a large process and kills it. A worker so killed leaves its tasks `active` for 60 to "
    "120 seconds and costs each an attempt; if Redis lives on the host and is picked, all queues stop.",
    causes=(
        Cause(
            "Workers hold it",
            "They lead the list; AsynqWorkerMemoryGrowing or AsynqWorkerMemoryHigh may name one. The sum of several "
            "healthy workers can be too much as well.",
            (
                promql_query('process_resident_memory_bytes{instance=~"{host}(:[0-9]+)?"}', "per scraped process"),
                shell("ssh {host} 'ps -eo rss,pid,etime,comm --sort=-rss | head -15'", "in KiB, all processes"),
            ),
        ),
        Cause(
            "Redis on the same host",
            "redis-server leads the list, and the queues' retained or archived tasks grew. A background save can "
            "double its memory for a moment.",
            redis_cli("redis-cli info memory | grep -E 'used_memory_human|used_memory_peak_human|maxmemory_human'"),
        ),
        Cause(
            "Memory that no process owns",
            "The sum of the processes is far below what is used: files in tmpfs, huge pages, or the kernel's slab.",
            shell(
                "ssh {host} \"grep -E 'MemAvailable|Shmem|Slab|SUnreclaim|HugePages_Total' /proc/meminfo; df -h -t "
                'tmpfs"'
            ),
        ),
    ),
    actions=(
        Step(
            "See how fast it falls.",
            promql_query(
                'deriv(node_memory_MemAvailable_bytes{instance=~"{host}(:[0-9]+)?"}[15m])', "bytes per second"
            ),
        ),
        Step(
            "See whether the kernel has killed already, and whom.",
            shell("ssh {host} \"sudo dmesg -T | grep -iE 'out of memory|killed process' | tail\""),
        ),
        Step(
            "Choose the victim before the kernel does: restart the worker that holds most, in an orderly way, so that "
            "its tasks go back without losing an attempt.",
            (
                shell("ssh {host} sudo systemctl restart asynq-worker"),
                promql_query(WORKERS_UP, "others that take over"),
            ),
        ),
        Step(
            "Never restart Redis to win memory while its last save failed: tasks since then are lost.",
            redis_cli("redis-cli info persistence | grep -E 'rdb_last_bgsave_status|aof_last_write_status'"),
        ),
    ),
    tuning="On hosts with much memory 10 % is a lot; lower the levels:\n\n"
    "```python\n"
    'large = evolve(asynq.ALERTS["AsynqHostMemoryLow"], when=Below(warning="4%", critical="2%"))\n'
    "monitoring = Monitoring(alerts=asynq.ALERTS.replace(large))\n"
    "```",
    lies="A limit of a container or of a systemd unit kills a worker long before the host is short; this alert does "
    "not see such limits. It watches only hosts whose node_exporter and workers share the address in `instance`.",
)

HOST_NETWORK_SATURATED = Runbook(
    meaning="One direction of one network link of a host with workers carries nearly as many bytes as its speed "
    "allows, for ten minutes on average; in between it is full.",
    impact="Every call of asynq to Redis (take a task, extend a lease, store a result) queues behind that traffic. "
    "Handlers slow down, dials time out, and leases that are not renewed within 30 seconds make tasks run twice.",
    causes=(
        Cause(
            "Handlers move large objects",
            "The workers' own traffic has the same height, and it follows the number of running tasks of one type: "
            "exports, images, backups.",
            (
                promql_query('rate(process_network_transmit_bytes_total{instance=~"{host}(:[0-9]+)?"}[5m])'),
                promql_query('rate(process_network_receive_bytes_total{instance=~"{host}(:[0-9]+)?"}[5m])'),
            ),
        ),
        Cause(
            "Large payloads through Redis",
            "Most bytes go to or come from the Redis port. Every attempt carries the payload again, so a wave of "
            "retries multiplies it.",
            (
                shell("ssh {host} \"ss -tni '( dport = :6379 )' | grep -oE 'bytes_(sent|received):[0-9]+'\""),
                redis_cli("redis-cli info stats | grep instantaneous", "kilobytes per second in and out of Redis"),
            ),
        ),
        Cause(
            "A neighbour on the host",
            "The workers' share is small: a backup, an image pull, a replica that synchronises.",
            shell("ssh {host} sudo iftop -i {device} -t -s 10 -n -P", "pairs of addresses by traffic"),
        ),
        Cause(
            "The link negotiated a lower speed",
            "The speed is a tenth of what the card can do: a bad cable or port.",
            (
                promql_query(
                    'node_network_speed_bytes{instance=~"{host}(:[0-9]+)?", device="{device}"} * 8', "bits per second"
                ),
                shell("ssh {host} \"sudo ethtool {device} | grep -E 'Speed|Duplex'\""),
            ),
        ),
    ),
    actions=(
        Step(
            "See which direction and process it is with the commands above; `{direction}` says which way the bytes go."
        ),
        Step(
            "Handlers: pause the queue that moves the bytes, or lower its workers' Concurrency, until the link "
            "breathes.",
            shell("asynq queue pause QUEUE", "QUEUE is the heavy one; nothing is lost, unpause it later"),
        ),
        Step("A neighbour: stop it or limit its rate (`trickle`, `rsync --bwlimit`, `tc`)."),
        Step(
            "For good: keep payloads in an object store and only their keys in tasks; give heavy tasks hosts of their "
            "own."
        ),
    ),
    tuning="```python\n"
    'busy = evolve(asynq.ALERTS["AsynqHostNetworkSaturated"], when=Above(warning="90%", critical="98%"), hold="30m")\n'
    "monitoring = Monitoring(alerts=asynq.ALERTS.replace(busy))\n"
    "```",
    lies="Blind on most cloud instances, whose virtual card tells no speed, and for the limits that a provider sets "
    "below the speed of the card (bandwidth credits, packets per second). Bridges, tunnels and virtual Ethernet "
    "devices are left out.",
)

HOST_DISK_FILLING = Runbook(
    meaning="A local file system of a host with workers is nearly full (critical), or less than a fifth is free and at "
    "the pace of the last hours the rest is gone within a day (warning).",
    impact="Handlers that write files fail with `no space left on device`, and asynq retries them with growing delay. "
    "If Redis keeps its snapshot or append-only file here, it then refuses writes (MISCONF): no task can be enqueued, "
    "taken or finished anywhere.",
    causes=(
        Cause(
            "Logs",
            "/var/log grows. A handler that logs each attempt of a retry storm writes gigabytes.",
            shell("ssh {host} 'sudo du -xh --max-depth=2 /var/log | sort -h | tail; journalctl --disk-usage'"),
        ),
        Cause(
            "Temporary files that handlers leave behind",
            "Many files of one pattern in /tmp or the work directory, older than any running task.",
            shell('ssh {host} "sudo find {mountpoint} -xdev -type f -size +50M -mmin +60 | head -30"'),
        ),
        Cause(
            "Deleted files that are still open",
            "`df` and `du` disagree: a process holds files that nobody sees.",
            shell("ssh {host} sudo lsof +L1 {mountpoint}", "a restart of the process named frees them"),
        ),
        Cause(
            "Redis' append-only file or snapshots",
            "The largest files are appendonly.aof.* or dump.rdb; a rewrite needs as much again while it runs.",
            redis_cli(
                "redis-cli info persistence | grep -E "
                "'aof_current_size|aof_rewrite_in_progress|aof_last_bgrewrite_status'"
            ),
        ),
    ),
    actions=(
        Step(
            "See what is large.",
            shell('ssh {host} "sudo du -xh --max-depth=3 {mountpoint} | sort -h | tail -20; df -hi {mountpoint}"'),
        ),
        Step(
            "Make room at once by what is safe to lose: old journals first.",
            shell("ssh {host} sudo journalctl --vacuum-size=500M"),
        ),
        Step(
            "Never delete a log that a process has open: the space stays taken. Empty it instead.",
            shell("ssh {host} sudo truncate -s 0 /var/log/FILE", "irreversible; copy what you need first"),
        ),
        Step(
            "Redis on this disk: compact its append-only file only while as much as it holds is still free.",
            redis_cli("redis-cli bgrewriteaof"),
        ),
        Step("Enlarge the volume when everything on it is needed; the alert resolves by itself."),
    ),
    tuning="For disks that are meant to be full:\n\n"
    "```python\n"
    'full = evolve(asynq.ALERTS["AsynqHostDiskFilling"], when=Below(warning="10%", critical="2%"))\n'
    "monitoring = Monitoring(alerts=asynq.ALERTS.replace(full))\n"
    "```",
    lies="Inodes can run out first (`df -i`), and this does not see it. The trend is a straight line over six hours: "
    "one large copy just now looks like a trend for a few hours, and a burst that fills a disk within minutes is "
    "faster than any forecast. Network and memory file systems are left out.",
)
