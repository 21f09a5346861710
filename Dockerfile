# The emulator as an image: docs/containers.md says how it is used, docs/decisions/0013-containers.md why it is so.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
# What we depend on comes first, so that a change of our own code alone fetches nothing.
COPY setup.cfg pyproject.toml ./
RUN python -c "import configparser, tomllib; \
    settings = configparser.ConfigParser(); settings.read('setup.cfg'); \
    builders = tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires']; \
    print(settings['options']['install_requires'], *builders, sep='\n')" > requirements.txt \
    && python -m pip wheel --no-cache-dir --quiet --wheel-dir /wheels --requirement requirements.txt
COPY . .
# Our wheel, and an environment of all of them; a user, and the configuration. Byte code is made now, of what the commands
# import: where the root file system is read-only, it cannot be kept later. The folders that are volumes are open to whatever
# user there is, and new volumes take that over. Then whatever was there to install goes.
RUN python -m pip wheel --no-cache-dir --quiet --no-deps --no-index --find-links /wheels --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/ssp-emulator \
    && python -m pip --python /opt/ssp-emulator/bin/python install --no-cache-dir --quiet --no-index --find-links /wheels \
    ssp-emulator \
    && groupadd --gid 10001 ssp \
    && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home --home-dir /emulator --shell /usr/sbin/nologin ssp \
    && mkdir -p /emulator \
    && cp -r config/container /emulator/config && cp -r config/scenarios /emulator/config/scenarios \
    && chmod -R a+rX /emulator /opt/ssp-emulator \
    && cd / && for command in up provider health smoke; do /opt/ssp-emulator/bin/ssp-emulator "$command" --help >/dev/null; done \
    && python -c "import importlib.util, shutil; \
    found = map(importlib.util.find_spec, ('pip', 'setuptools', 'pkg_resources', 'wheel', 'ensurepip')); \
    [shutil.rmtree(place) for spec in found if spec for place in spec.submodule_search_locations]" \
    && install --directory --mode=1777 /emulator/certs /emulator/audit && rm -rf /src /wheels /root/.cache

# One layer, of what is left. Whatever does not depend on our code stands first, so that it is not made again.
FROM scratch AS emulator
LABEL org.opencontainers.image.title="ssp-emulator" \
    org.opencontainers.image.description="An emulator of the NHS Spine Secure Proxy" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="MIT"
ENV PATH=/opt/ssp-emulator/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
WORKDIR /emulator
USER 10001:10001
EXPOSE 8440 8441 8443 9443
HEALTHCHECK --interval=5s --timeout=10s --start-period=30s --retries=3 CMD ["ssp-emulator", "health"]
ENTRYPOINT ["ssp-emulator"]
CMD ["up"]
COPY --from=build / /
VOLUME ["/emulator/certs", "/emulator/audit"]

# The registry over LDAP: docs/ldap.md.
FROM emulator AS ldap
LABEL org.opencontainers.image.title="ssp-emulator-ldap" \
    org.opencontainers.image.description="The registry of ssp-emulator, served by OpenLDAP"
USER root
# The package is to set up no server, and to start none.
RUN printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d \
    && echo "slapd slapd/no_configuration boolean true" | debconf-set-selections \
    && apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slapd ldap-utils >/dev/null \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
COPY docker/ldap /emulator/ldap/
USER 10001:10001
EXPOSE 1389
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
    CMD ["ldapsearch", "-x", "-LLL", "-H", "ldap://localhost:1389", "-s", "base", "-b", "ou=services,o=nhs", "1.1"]
ENTRYPOINT ["/emulator/ldap/serve"]
CMD []

# What is built where no stage is named.
FROM emulator
