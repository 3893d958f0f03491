"""Which protections hold on this machine, found by trying them."""
