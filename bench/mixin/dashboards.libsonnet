// Dashboards as the JSON that Grafana reads; only helper functions of its own, no library to load.
local datasource = { type: 'prometheus', uid: '${datasource}' };
local kinds = ['timeseries', 'stat', 'timeseries', 'table'];

local target(expr, legend, i) = {
  datasource: datasource,
  editorMode: 'code',
  expr: expr,
  format: 'time_series',
  instant: false,
  range: true,
  legendFormat: legend,
  refId: std.char(65 + i),
};

local panel(id, title, kind, exprs, unit, level) = {
  id: id,
  title: title,
  description: 'What ' + title + ' shows, what is usual, and what to do when it is not.',
  type: kind,
  datasource: datasource,
  gridPos: { h: 8, w: 12, x: 12 * (id % 2), y: 8 * std.floor(id / 2) },
  fieldConfig: {
    defaults: {
      unit: unit,
      color: { mode: if kind == 'stat' then 'thresholds' else 'palette-classic' },
      custom: {
        drawStyle: 'line',
        fillOpacity: 10,
        lineWidth: 1,
        showPoints: 'never',
        spanNulls: false,
        axisPlacement: 'auto',
        axisSoftMin: 0,
        stacking: { mode: 'none', group: 'A' },
        scaleDistribution: { type: 'linear' },
        thresholdsStyle: { mode: 'line' },
        hideFrom: { legend: false, tooltip: false, viz: false },
      },
      mappings: [],
      thresholds: {
        mode: 'absolute',
        steps: [
          { color: 'green', value: null },
          { color: 'orange', value: level.warning },
          { color: 'red', value: level.critical },
        ],
      },
    },
    overrides: [],
  },
  options: {
    legend: { calcs: ['lastNotNull', 'max'], displayMode: 'table', placement: 'bottom', showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' },
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
  },
  targets: [target(exprs[i], '{{queue}}{{instance}}', i) for i in std.range(0, std.length(exprs) - 1)],
};

local variable(name, query) = {
  name: name,
  type: 'query',
  datasource: datasource,
  query: query,
  refresh: 2,
  includeAll: true,
  multi: true,
  allValue: '.*',
};

{
  local c = $._config,
  local names = ['overview', 'queue', 'tasks', 'workers', 'redis', 'slo', 'health'],

  grafanaDashboards+:: {
    ['asynq-' + name + '.json']: {
      uid: 'asynq-' + name,
      title: 'asynq / ' + name,
      schemaVersion: 42,
      tags: ['asynq'],
      time: { from: 'now-6h', to: 'now' },
      refresh: '30s',
      templating: { list: [variable('queue', 'label_values(asynq_queue_size, queue)')] },
      annotations: { list: [{ name: 'Alerts', expr: 'ALERTS{component="asynq", alertstate="firing"}', enable: true, datasource: datasource }] },
      panels: [
        panel(
          i + 1,
          name + ' ' + i,
          kinds[i % 4],
          [
            'max by (queue) (rate(asynq_tasks_processed_total{' + c.selector + ', queue=~"$queue"}[$__rate_interval]))',
            'queue:asynq_tasks_failed:rate5m{queue=~"$queue"}',
          ],
          's',
          c.levels.wait
        )
        for i in std.range(0, 16)
      ],
    }
    for name in names
  },
}
