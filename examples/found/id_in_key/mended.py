"""Pages, kept for the template that they were made with."""

from cachetools import TTLCache


class Template:
    """A text with a name in it."""

    def __init__(self, name, text):
        self.name = name
        self.text = text


pages = TTLCache(maxsize=100, ttl=60)
front = Template("front", "Welcome, {}")


def page(template, user):
    """Return the page of *user*, made with *template*."""
    key = f"page:{template.name}:{user}"
    if key not in pages:
        pages[key] = template.text.format(user)
    return pages[key]


def front_page():
    """Return the front page."""
    return page(front, "ada")
