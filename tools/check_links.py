#!/usr/bin/env python3
"""Looks up every link between the pages of a site: is the file there, and the place in it?

    check_links.py DIRECTORY
"""
import pathlib
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links of a page, and the places that others may link to."""

    def __init__(self, path):
        super().__init__()
        self.path, self.links, self.places = path, [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.places.update(found[name] for name in ("id", "name") if found.get(name))
        link = found.get("href") or found.get("src")
        if link:
            self.links.append(link)


def broken(page, link, pages):
    """What is wrong with a link; None if nothing is. Other hosts are not asked."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return "no such file"
    place = unquote(parts.fragment)
    if place and target in pages and place not in pages[target].places:
        return "no such place in it"
    return None


def main(directory):
    pages = {path: Page(path) for path in pathlib.Path(directory).resolve().rglob("*.html")}
    wrong = [
        f"{page.path.name}: {link}: {why}"
        for page in pages.values()
        for link in page.links
        if (why := broken(page, link, pages))
    ]
    print("\n".join([*wrong, f"{directory}/index.html: {len(pages)} pages"]))
    looked_up = sum(len(page.links) for page in pages.values())
    print(f"{looked_up - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
