"""How much the generated rule tests notice: rules are broken one place at a time and tested with promtool."""
