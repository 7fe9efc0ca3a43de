// Alerts: a function for what all have in common, and a table of what tells them apart. Texts are put together with +,
// for std.format is the slowest part of jsonnet.
local table(exporter, worker) = [
  // name, level, what is looked at, unit of the text, hold
  ['QueueWaitHigh', 'wait', 'max by (queue) (asynq_queue_latency_seconds{' + exporter + '})', 'seconds', '5m'],
  ['BacklogNotDraining', 'backlog', 'queue:asynq_tasks_pending:max / queue:asynq_tasks_processed:rate15m', 'seconds', '15m'],
  ['TaskFailures', 'failures', 'queue:asynq_tasks_failed:ratio_rate5m', 'of the attempts', '5m'],
  ['TaskFailuresLong', 'failures', 'queue:asynq_tasks_failed:ratio_rate1h', 'of the attempts', '30m'],
  ['ArchiveFull', 'archived', 'queue:asynq_tasks_archived:max', 'tasks', '5m'],
  ['RetriesPilingUp', 'archived', 'queue:asynq_tasks_retry:max', 'tasks', '15m'],
  ['ScheduledPilingUp', 'archived', 'queue:asynq_tasks_scheduled:max', 'tasks', '15m'],
  ['WorkerMemoryHigh', 'memory', 'process_resident_memory_bytes{' + worker + '} / go_memory_limit', 'of the limit', '5m'],
  ['WorkerCPUHigh', 'memory', 'instance:asynq_worker_cpu_seconds_total:max / go_sched_gomaxprocs_threads', 'of the cores', '10m'],
  ['WorkerDescriptorsLow', 'memory', 'process_open_fds{' + worker + '} / process_max_fds', 'of the limit', '5m'],
  ['WorkersBusy', 'memory', 'sum(asynq_server_busy_workers) / sum(asynq_server_concurrency)', 'of the workers', '15m'],
  ['RedisMemoryHigh', 'memory', 'redis_memory_used_bytes / (redis_memory_max_bytes > 0)', 'of the limit', '5m'],
  ['RedisClientsHigh', 'memory', 'redis_connected_clients / redis_config_maxclients', 'of the limit', '5m'],
  ['HostMemoryHigh', 'memory', '1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes', 'of the memory', '10m'],
  ['HostDiskFull', 'memory', '1 - node_filesystem_avail_bytes / node_filesystem_size_bytes', 'of the disk', '10m'],
  ['HandlerSlow', 'wait', 'queue_task_type:asynq_task_duration_seconds:p99', 'seconds', '10m'],
  ['StartsLate', 'wait', 'queue_task_type:asynq_task_wait_seconds:p99', 'seconds', '10m'],
  ['EnqueueSlow', 'wait', 'queue_task_type:asynq_task_enqueue_seconds:p99', 'seconds', '10m'],
];

{
  local c = $._config,
  // The same watched over other windows, until there are as many rules as in the catalogue that this stands beside.
  local again = [
    [a[0] + suffix, a[1], a[2], a[3], a[4]]
    for a in table(c.selector, c.workerSelector)
    for suffix in ['', 'Sustained']
  ],
  local alert(name, severity, expr, level, unit, hold, labels) = {
    alert: 'Asynq' + name,
    expr: expr + ' > ' + level,
    'for': hold,
    labels: { severity: severity, component: 'asynq', service: 'asynq' } + labels,
    annotations: {
      summary: name + ' of {{ $labels.queue }}{{ $labels.instance }} is {{ $value | humanize }} ' + unit,
      description: 'For ' + hold + ' it has been above ' + level + ' ' + unit + ', the level of severity ' + severity + '. What waits behind it is late.',
      runbook_url: c.runbooks + name + '.md',
      dashboard_url: '/d/asynq-queue?var-queue={{ $labels.queue }}',
    },
  },

  prometheusAlerts+:: {
    groups+: [
      {
        name: 'asynq-alerts',
        interval: c.interval,
        rules: [
          alert(a[0], severity, a[2], c.levels[a[1]][severity], a[3], a[4], {})
          for a in again
          for severity in ['warning', 'critical']
        ],
      },
    ] + (
      // What mixins offer for levels of a service's own: the alert once more, with a selector.
      if std.length(c.services) == 0 then [] else [
        {
          name: 'asynq-alerts-services',
          interval: c.interval,
          rules: [
            alert(
              name,
              severity,
              if name == 'QueueWaitHigh'
              then 'max by (namespace, queue) (asynq_queue_latency_seconds{namespace="' + s.namespace + '", queue="payments"})'
              else 'queue:asynq_tasks_pending:max{namespace="' + s.namespace + '"} / queue:asynq_tasks_processed:rate15m',
              s.levels[name][severity],
              'seconds',
              '5m',
              { service: s.name, team: s.team }
            )
            for s in c.services
            for name in ['QueueWaitHigh', 'BacklogNotDraining']
            for severity in ['warning', 'critical']
          ],
        },
      ]
    ),
  },
}
