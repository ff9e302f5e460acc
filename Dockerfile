# Berth's image: Node, Node's libraries, the production packages, our sources as they are. `npm run image` makes the same
# without a registry and without a container builder; tools/image/dockerfile.test.ts and `npm run image:check` hold the two together.
#
#   docker build -t berth:0.1.0 .
#   docker buildx build --platform linux/amd64,linux/arm64 -t REGISTRY/berth:0.1.0 --push .
#
# The packages hold no machine code, so that they are installed once, by this machine's Node, for every platform. Behind
# the second FROM nothing is run: an image for another kind of machine needs no emulation of it.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS build
WORKDIR /berth
COPY package.json package-lock.json ./
# Scripts are for development: one of them fetches a Node.
RUN npm ci --omit=dev --ignore-scripts
# Types, source maps, and libraries for another runtime: a fifth of the image.
RUN find node_modules -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.bare' \) -delete

# Node and what it needs of the system, and neither a shell nor a package manager.
FROM gcr.io/distroless/nodejs24-debian13:nonroot
WORKDIR /berth
COPY --from=build /berth/node_modules node_modules
COPY LICENSE package.json ./
COPY cli cli
COPY kube kube
COPY model model
COPY proxy proxy
COPY runtime runtime
COPY scheduler-extender scheduler-extender
COPY sim sim
COPY vpa-recommender vpa-recommender
COPY web web
ENV NODE_ENV=production
USER 65532:65532
ENTRYPOINT ["/nodejs/bin/node", "/berth/cli/berth.ts"]
