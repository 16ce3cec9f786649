#!/bin/sh
# Renews every lock file: exact versions with hashes, for every platform, without any registry's address.
set -eu
cd "$(dirname "$0")/.."
lock() {
    uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --custom-compile-command "make lock" "$@"
}
lock --all-extras --group dev pyproject.toml -o requirements/dev.txt
for name in uv checkov fuzz serverless-rules solutions-constructs; do
    lock "requirements/$name.in" -o "requirements/$name.txt"
done
lock constructs_lib/local/requirements.in -o constructs_lib/local/requirements.txt
npm install --package-lock-only --silent
