"""The settings of the documentation, which ``tox -e docs`` builds."""

from cachetest import __version__

project = "cachetest"
author = "the cachetest authors"
project_copyright = f"2026, {author}"
release = version = __version__

extensions = ["sphinx.ext.autodoc"]

# A name between single backticks, as docstrings have it, is a link to what is called that, if anything is.
default_role = "py:obj"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
# cachetest.mock_cache derives a class from one of torch's, which is too large to be installed for this.
autodoc_mock_imports = ["jax", "torch"]

# The page on the report as JSON links to it.
html_extra_path = ["report.schema.json"]
html_theme = "furo"
html_title = f"{project} {release}"
