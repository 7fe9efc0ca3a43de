"""JSON Schemas of the generated files."""
