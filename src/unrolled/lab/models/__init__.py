"""Networks and experiments that the lessons show ready-made."""

__all__ = [
    "baselines",
    "gradient_flow",
    "loss_cliff",
    "memoryless",
    "networks",
    "neurons",
    "recall",
    "weights",
    "year_reader",
]
