// Every file of the mixin: jsonnet -m OUT main.jsonnet. `services` are those with levels of their own.
function(services=0)
  local mixin =
    (import 'config.libsonnet') + (import 'rules.libsonnet') + (import 'alerts.libsonnet') + (import 'dashboards.libsonnet')
    + {
      _config+:: {
        services: [
          {
            name: 'service-' + i,
            namespace: 'ns-' + i,
            team: 'team-' + i % 40,
            levels: {
              QueueWaitHigh: { warning: 5 + i % 10, critical: 10 * (5 + i % 10) },
              BacklogNotDraining: { warning: 60 * (20 + i % 5), critical: 7200 },
            },
          }
          for i in std.range(0, services - 1)
        ],
      },
    };
  { 'rules.json': mixin.prometheusRules, 'alerts.json': mixin.prometheusAlerts } + mixin.grafanaDashboards
