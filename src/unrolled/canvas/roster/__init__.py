"""Who is in the class, by Canvas's lists."""

from unrolled.canvas.roster.sync import RosterPlan, apply_roster, plan_roster

__all__ = ["RosterPlan", "apply_roster", "plan_roster"]
