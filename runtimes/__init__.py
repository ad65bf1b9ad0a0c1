"""The built-in runtimes, each found through the entry point group `isorun.runtimes` like any other."""
