"""Other methods than those of the solvers, to check what these have answered."""
