# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
FROM python:3.11-slim AS build
RUN pip install --no-cache-dir uv
WORKDIR /app
COPY pyproject.toml uv.lock README.md ./
COPY LICENSES LICENSES
COPY src src
RUN uv sync --frozen --no-dev --no-editable

FROM python:3.11-slim
# HaRP reaches the app through a tunnel that its own start script opens; without HaRP nothing of it is used.
RUN useradd --uid 10001 --create-home sprechtag && mkdir /data && chown sprechtag /data
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY ex_app ex_app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 APP_HOST=0.0.0.0 APP_PORT=9031 \
    APP_PERSISTENT_STORAGE=/data SPRECHTAG_FRONTEND=/app/ex_app
COPY --chmod=755 scripts/start /usr/local/bin/start
COPY --chmod=755 scripts/healthcheck /usr/local/bin/healthcheck
USER sprechtag
VOLUME /data
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["healthcheck"]
ENTRYPOINT ["start"]
