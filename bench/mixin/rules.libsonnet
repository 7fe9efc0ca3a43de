// Recorded series: one for each metric and window, with the copies of several exporters merged.
local gauges = ['pending', 'active', 'scheduled', 'retry', 'archived', 'completed'];
local counters = ['processed', 'failed'];
local windows = ['2m', '5m', '15m', '30m', '1h', '6h', '1d'];
local timings = ['wait', 'duration', 'enqueue'];
local quantiles = [0.5, 0.9, 0.99];

{
  local c = $._config,
  local record(name, expr) = { record: name, expr: expr },

  prometheusRules+:: {
    groups+: [
      {
        name: 'asynq-records',
        interval: c.interval,
        rules:
          [
            record(
              'queue:asynq_tasks_' + state + ':max',
              'max by (queue) (asynq_tasks_enqueued_total{' + c.selector + ', state="' + state + '"})'
            )
            for state in gauges
          ] + [
            record(
              'queue:asynq_tasks_' + name + ':rate' + window,
              'max by (queue) (rate(asynq_tasks_' + name + '_total{' + c.selector + '}[' + window + ']))'
            )
            for name in counters
            for window in windows
          ] + [
            record(
              'queue:asynq_tasks_failed:ratio_rate' + window,
              'queue:asynq_tasks_failed:rate' + window + ' / (queue:asynq_tasks_processed:rate' + window + ' > 0)'
            )
            for window in windows
          ] + [
            record(
              'queue_task_type:asynq_task_' + name + '_seconds:p' + quantile * 100,
              'histogram_quantile(' + quantile + ', sum by (queue, task_type, le) (rate(asynq_task_' + name + '_seconds_bucket{'
              + c.workerSelector + '}[5m])))'
            )
            for name in timings
            for quantile in quantiles
          ] + [
            record(
              'instance:asynq_worker_' + name + ':' + op,
              op + ' by (instance) (rate(process_' + name + '{' + c.workerSelector + '}[5m]))'
            )
            for name in ['cpu_seconds_total', 'network_receive_bytes_total', 'network_transmit_bytes_total']
            for op in ['max', 'sum', 'avg', 'min', 'count', 'group', 'stddev']
          ],
      },
    ],
  },
}
