# syntax=docker/dockerfile:1
#
#   docker build -t relata .
#   docker run -p 127.0.0.1:8787:8787 -v relata:/data relata serve --allow-unprotected
#
# The image holds one static binary, a place for the database and nothing else:
# no shell, no libraries, nobody but the user 65532.

FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
# Static, so that it needs no system around it; without symbols, so that it is small.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    host="$(rustc -vV | sed -n 's/^host: //p')" \
    && RUSTFLAGS="-C target-feature=+crt-static" \
       cargo build --locked --profile dist --target "$host" \
    && mkdir -p /image/data /image/tmp \
    && cp "target/$host/dist/relata" /image/relata

FROM scratch
COPY --from=build --chown=65532:65532 /image /
USER 65532:65532
VOLUME /data
ENV RELATA_DB=/data/relata.db \
    RELATA_LISTEN=0.0.0.0:8787
EXPOSE 8787
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["/relata", "health"]
ENTRYPOINT ["/relata"]
CMD ["serve"]
