#!/bin/sh
# The pages as a site in $BUILD/site, made by mkdocs: README and its neighbours on top, docs/ below, links as in the
# project. Every link is then looked up.
set -eu
cd "$(dirname "$0")/.."

site=$PWD/${BUILD:-build}/site
if ! command -v mkdocs >/dev/null; then
    echo "docs: install mkdocs (Debian's package, or pip install mkdocs)" >&2
    exit 1
fi
pages=$site.pages
rm -rf "$pages"
mkdir -p "$pages"
cp -R ./*.md LICENSE docs examples tools "$pages"

# In the order of the list of all pages.
{
    cat tools/mkdocs.yml
    printf 'docs_dir: %s\nsite_dir: %s\nnav:\n  - Overview: README.md\n  - Pages:\n' "$pages" "$site"
    sed -n 's/^| \[\([^]]*\)\](\([^)]*\)) |.*/      - "\1": docs\/\2/p' docs/README.md
    echo '  - Examples: examples/README.md'
} >"$site.yml"
mkdocs build --quiet --strict --clean --config-file "$site.yml"
rm "$site/404.html"
python3 -B tools/check_links.py "$site"
