"""Made submissions: a class that hands in what the tests and the demo need."""
