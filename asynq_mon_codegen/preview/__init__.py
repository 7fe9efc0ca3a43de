"""Dashboards as pictures without a Grafana: what each panel would ask, what it gets, and a page that draws it."""
