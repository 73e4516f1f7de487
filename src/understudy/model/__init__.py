"""The values that flow between the stages, and the tree of errors. Frozen, without behaviour that touches the world."""
