"""What a job does in tests: `python -m job_for_tests KIND NAME`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path


def main(kind: str, name: str) -> None:
    if kind == "grade":
        for done in range(4):
            print(json.dumps({"done": done, "total": 3}), file=sys.stderr, flush=True)
        results = [
            {"student": "ada", "status": "graded", "reason": ""},
            {"student": "emmy", "status": "ungraded", "reason": "not a notebook"},
        ]
        print(json.dumps({"submissions": results}))
        sys.exit(1)
    if kind == "fail":
        print("x" * 3_000_000, file=sys.stderr)
        print('{"done": "many"}\n[1]\nthe disk is full', file=sys.stderr)
        sys.exit(3)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(f"{name}.pids").write_text(f"{child.pid}")
    print("waiting", file=sys.stderr, flush=True)
    time.sleep(600)


if __name__ == "__main__":
    main(*sys.argv[1:])
