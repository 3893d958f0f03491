"""`unrolled handout`: one zip with which a student works on an own computer.

No clone is needed, and none should be given: it holds solutions and hidden tests.
"""

from unrolled.handout.archive import list_released, make_handout

__all__ = ["list_released", "make_handout"]
