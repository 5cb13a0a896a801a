#!/usr/bin/env bash
# Makes the secrets that compose.yaml mounts, in deploy/secrets; asks for the OpenAI key. Overwrites nothing.
# As root, because each file is handed to the user who reads it in a container.
set -euo pipefail
umask 077
cd "$(dirname "$0")"
mkdir secrets
cd secrets

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

read -rsp "OPENAI_API_KEY: " openai_key
echo
database_password=$(random)
redis_password=$(random)

random >root-key
random >admin-key
random >grafana-password
# What Prometheus asks with; the servers make it once they run.
: >metrics-key
printf '%s' "$database_password" >postgres-password
cat >limi.toml <<TOML
[upstream]
api_key = "$openai_key"

[database]
url = "postgresql://limi:$database_password@postgres/limi"

[redis]
url = "redis://:$redis_password@redis:6379/0"
TOML
cat >redis.conf <<CONF
requirepass $redis_password
save ""
maxmemory-policy noeviction
CONF

# Users of the images: Limi's is in the Dockerfile, 999 is Valkey's, 472 Grafana's, 65534 Prometheus's. PostgreSQL
# reads its password as root.
chown 10001:10001 limi.toml root-key admin-key
chown 999 redis.conf
chown 472 grafana-password
chown 65534 metrics-key
echo "deploy/secrets is made. Keep a copy of root-key: the database is worth less without it."
