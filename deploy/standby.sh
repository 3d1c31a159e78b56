#!/usr/bin/env bash
# Copies the primary once, and follows it.
set -euo pipefail
data=/var/lib/postgresql/data
if [ ! -s "$data/PG_VERSION" ]; then
    until pg_basebackup -h primary -U replicator -D "$data" -X stream -R \
        -d "application_name=standby"; do
        sleep 1
    done
    chmod 0700 "$data"
fi
exec postgres -D "$data"
