# One image for every service and for the command itself; the command line chooses which:
#   docker run ganglion ingestor        docker run ganglion ganglion status
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python3 -m venv tools && python3 -m venv /opt/ganglion
COPY infra/docker/build.lock infra/docker/runtime.lock ./
RUN tools/bin/pip install --quiet --require-hashes --requirement build.lock \
 && /opt/ganglion/bin/pip install --quiet --require-hashes --requirement runtime.lock
COPY . source
# The pages of mission control: Node comes from PyPI, its packages from npm, by their locks; none of it is in the image.
RUN cd source && export PYTHONPATH=.:contracts PYTHONDONTWRITEBYTECODE=1 \
 && /opt/ganglion/bin/python -m mission_control.openapi mission_control/dashboard/.build/openapi.json \
 && python3 mission_control/dashboard/build.py build \
 && rm -rf mission_control/dashboard/node_modules mission_control/dashboard/.build
RUN cd source && ../tools/bin/hatchling build --directory /build/wheels --target wheel \
 && /opt/ganglion/bin/pip install --quiet --no-deps /build/wheels/*.whl

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 ganglion \
 && useradd --uid 10001 --gid ganglion --no-create-home --shell /usr/sbin/nologin ganglion \
 && install --directory --owner ganglion --group ganglion /var/lib/ganglion
COPY --from=build /opt/ganglion /opt/ganglion
ENV PATH=/opt/ganglion/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    GANGLION_HOME=/var/lib/ganglion \
    GANGLION_METRICS_HOST=0.0.0.0 \
    GANGLION_METRICS_PORT=9100 \
    GANGLION_METRICS_NAMES='["ingestor","overseer","governor","guardian","worker","mission_control"]'
USER ganglion
WORKDIR /var/lib/ganglion
EXPOSE 9100
STOPSIGNAL SIGTERM
# 200 while every loop of the service gets on; 503, or no answer, when one stands still.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9100/healthz', timeout=4)"]
ENTRYPOINT ["python", "-P", "-m"]
CMD ["ganglion", "--help"]
