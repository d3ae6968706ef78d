# One image for every process of watchfloor; which one it is says the command.
FROM python:3.11-slim-bookworm AS build
WORKDIR /srv/watchfloor
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir uv==0.13.8
COPY requirements.lock ./
RUN /opt/venv/bin/uv pip sync --python /opt/venv/bin/python --require-hashes --no-cache requirements.lock
COPY . .
RUN /opt/venv/bin/uv pip install --python /opt/venv/bin/python --no-deps --no-build-isolation --no-cache .

FROM python:3.11-slim-bookworm
# a fixed number, so that volumes belong to the same user in every version
RUN useradd --uid 10001 --user-group --create-home --shell /usr/sbin/nologin watchfloor \
    && install --directory --owner=watchfloor --group=watchfloor --mode=0700 /data
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 WATCHFLOOR_DATA=/data
USER watchfloor
WORKDIR /home/watchfloor
VOLUME /data
ENTRYPOINT ["python", "-P"]
CMD ["-m", "watchfloor", "--help"]
