# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
ARG TARGETARCH=amd64
FROM node:22-slim AS ui
WORKDIR /ex_app/ui
COPY ex_app/ui/package.json ex_app/ui/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY ex_app/l10n ../l10n
COPY ex_app/ui ./
RUN npm run build

FROM python:3.11-slim AS build
RUN pip install --no-cache-dir uv
WORKDIR /app
COPY pyproject.toml uv.lock README.md ./
COPY LICENSES LICENSES
COPY src src
# With bytecode: else every start compiles all of it, because who runs it may not write here. It is not compared with the
# sources, whose times differ from layer to layer.
RUN PYC_INVALIDATION_MODE=unchecked-hash uv sync --frozen --no-dev --no-editable --compile-bytecode

# HaRP's tunnel client, with the checksums that HaRP's README names for this release. BuildKit fetches only the stage it needs.
FROM python:3.11-slim AS frpc-amd64
ADD --checksum=sha256:bff260b68ca7b1461182a46c4f34e9709ba32764eed30a15dd94ac97f50a2c40 \
    https://github.com/fatedier/frp/releases/download/v0.61.1/frp_0.61.1_linux_amd64.tar.gz /frp.tar.gz

FROM python:3.11-slim AS frpc-arm64
ADD --checksum=sha256:af6366f2b43920ebfe6235dba6060770399ed1fb18601e5818552bd46a7621f8 \
    https://github.com/fatedier/frp/releases/download/v0.61.1/frp_0.61.1_linux_arm64.tar.gz /frp.tar.gz

FROM frpc-${TARGETARCH} AS frpc
RUN tar -xzf /frp.tar.gz -C /usr/local/bin --strip-components=1 --wildcards '*/frpc'

FROM python:3.11-slim
# AppAPI mounts a volume at /nc_app_sprechtag_data; a new volume takes its owner from the folder in the image.
# What WeasyPrint draws with, and letters for all languages of the pages and for families' names in any script: Noto has
# the Ethiopic, Indian, Thai and Hebrew ones, Zen Hei the Chinese, Japanese and Korean ones (a tenth of Noto's).
RUN apt-get update && apt-get install -y --no-install-recommends \
        ca-certificates libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
        fontconfig fonts-dejavu-core fonts-open-sans fonts-noto-core fonts-wqy-zenhei \
    && fc-cache -s \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --create-home sprechtag \
    && mkdir /data /nc_app_sprechtag_data && chown sprechtag /data /nc_app_sprechtag_data
# Python's image comes without its own bytecode.
RUN python -m compileall -q -x '/(test|tests|idlelib|site-packages)/' /usr/local/lib/python3.11
WORKDIR /app
COPY --from=frpc /usr/local/bin/frpc /usr/local/bin/frpc
COPY --from=build /app/.venv .venv
COPY ex_app/img ex_app/img
COPY --from=ui /ex_app/js ex_app/js
COPY --from=ui /ex_app/css ex_app/css
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 APP_HOST=0.0.0.0 APP_PORT=9031 \
    APP_PERSISTENT_STORAGE=/data SPRECHTAG_FRONTEND=/app/ex_app SPRECHTAG_UID=10001
COPY --chmod=755 scripts/start /usr/local/bin/start
COPY --chmod=755 scripts/healthcheck /usr/local/bin/healthcheck
# Root is the image's user, because HaRP and AppAPI lay certificates down as such (`docker exec`); `start` drops to 10001.
VOLUME /data
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["healthcheck"]
ENTRYPOINT ["start"]
