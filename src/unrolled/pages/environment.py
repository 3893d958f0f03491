"""Where pages find their templates, and the style sheet that they share."""

from __future__ import annotations

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined


def make_environment(package: str) -> Environment:
    """The templates of a package, `unrolled.hub` for example, with `style.css`.

    All that is put into a page is escaped, and a name that is missing is an error.
    """
    loader = ChoiceLoader([PackageLoader(package), PackageLoader("unrolled.pages")])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
