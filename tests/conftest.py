"""Makes the helper modules of each tests folder importable from its tests."""

import os
import sys
from pathlib import Path

# nbgrader looks for alembic on PATH; tests may run without an activated venv.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
