# syntax=docker/dockerfile:1
# The builder makes a virtual environment; the image is that and Python, without pip's caches or build tools.
FROM python:3.13-slim AS builder

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/limi

# What changes seldom comes first, so that a change of the code installs nothing anew.
COPY requirements.lock ./
RUN /opt/limi/bin/pip install --require-hashes --requirement requirements.lock

# npm fetches what the voice page is built from, and a part of what the sandbox understands words with; it stays behind.
COPY requirements-dev.lock ./
COPY scripts/node.sh scripts/web.sh ./scripts/
RUN python -m venv /opt/node && scripts/node.sh /opt/node

COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY src ./src
COPY package.json package-lock.json .npmrc tsconfig.base.json ./
COPY clients/typescript ./clients/typescript
COPY web ./web
RUN scripts/web.sh /opt/node
RUN /opt/limi/bin/pip install --no-deps . \
    && PATH=/opt/node/node/bin:$PATH /opt/limi/bin/limi speech install --speech-dir /opt/limi/speech \
    && /opt/limi/bin/pip uninstall --yes pip


FROM python:3.13-slim

# The folder is made here with its owner: a new volume takes both over.
RUN groupadd --system --gid 10001 limi \
    && useradd --system --uid 10001 --gid limi --home-dir /data --no-create-home --shell /usr/sbin/nologin limi \
    && install --directory --owner=limi --group=limi --mode=0700 /data

COPY --from=builder /opt/limi /opt/limi

# Loopback inside a container is reachable from nowhere. Keys are given at the start and are never part of the image.
ENV PATH=/opt/limi/bin:$PATH PYTHONUNBUFFERED=1 LIMI_HOST=0.0.0.0 LIMI_SPEECH_DIR=/opt/limi/speech

USER limi
WORKDIR /data
VOLUME /data
EXPOSE 3001

# The variable is read where the server reads it, so that another port is checked as well.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen('http://127.0.0.1:%s/healthz' % (os.environ.get('LIMI_PORT') or 3001), timeout=3)"]

ENTRYPOINT ["limi"]
CMD ["serve"]
