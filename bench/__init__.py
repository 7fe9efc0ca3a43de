"""What generation and the generated files cost, beside what others take for the same in the same run."""
