"""Sign-in from Canvas (LTI 1.3)."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.hub.lti.authenticator import configure_canvas
    from unrolled.hub.lti.settings import read_lti_settings
else:
    __getattr__ = open_late(__name__)

__all__ = ["configure_canvas", "read_lti_settings"]
