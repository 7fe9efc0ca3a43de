// What a user of the mixin sets: selectors, levels, and services that have levels of their own.
{
  _config+:: {
    selector: 'job="asynq-exporter"',
    workerSelector: 'job="asynq-worker"',
    runbooks: 'https://runbooks.example.com/',
    interval: '30s',
    services: [],
    levels: {
      wait: { warning: 60, critical: 600 },
      backlog: { warning: 1800, critical: 7200 },
      failures: { warning: 0.05, critical: 0.25 },
      archived: { warning: 8000, critical: 9500 },
      memory: { warning: 0.85, critical: 0.95 },
    },
  },
}
