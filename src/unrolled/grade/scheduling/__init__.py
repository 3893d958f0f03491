"""Which submission is judged when and where: on this machine or on a cluster."""
