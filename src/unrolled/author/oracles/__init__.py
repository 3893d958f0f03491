"""Expected values on two routes: how far they differ, and what each stands on."""
